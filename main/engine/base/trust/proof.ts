// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signature } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';
import { commitSignatures, requireIntact, requireSigned, type GpgVerify } from './signatures.ts';
import { requireBranch } from './binding.ts';
import { demandsOf } from './demands.ts';

/** What a commit is taken for. */
export interface Claim {
  /** '' for a branch of the system's own repository, whose writer is root. */
  readonly remote: string;
  readonly ref: string;
  /** The commit was named by its checksum, or taken before: of which branch it is was settled then. */
  readonly anyBranch?: boolean;
}

/**
 * Everything that root demands of a commit before anything of it is used, whatever brought it (the network, a stick, a delta file, an earlier
 * check): its bytes are what its name says, it is signed as the remote demands, and it is of the branch that it is taken for. Returns its
 * signatures. `found`: the repository in which it lies, nothing of which is believed. Throws `remote.bad-setting`, `repo.corrupt`, `repo.signature-*`,
 * `repo.key-*`, `update.other-branch`.
 */
export function requireProven(
  system: RepoPort,
  found: RepoPort,
  commit: CommitPort,
  claim: Claim,
  gpg: GpgVerify,
  subject: string,
): readonly Signature[] {
  const demands = demandsOf(system, claim.remote);
  requireIntact(commit, subject);
  const signatures = commitSignatures(commit, found, system, claim.remote, gpg);
  requireSigned(demands.commit, signatures, subject);
  if (claim.remote !== '' && !claim.anyBranch) requireBranch(commit, claim.ref, demands.collectionId, subject);
  return signatures;
}

/** How far back a version may lie. */
const maxCommits = 500;

/** That `found` is in the past of `tip`, by commit objects whose bytes are what their names say. Throws `repo.corrupt`. */
export function requireInHistory(repo: RepoPort, tip: string, found: string, version: string): void {
  let at = tip;
  for (let count = 0; at !== '' && count < maxCommits; count++) {
    const commit = repo.tryLoadCommit(at);
    if (!commit) break;
    requireIntact(commit, `Commit ${at.slice(0, 12)}`);
    if (at === found && commit.version === version) return;
    at = commit.parent;
  }
  throw new TreelineError('repo.corrupt', {
    subject: `Version ${version}`,
    detail: `commit ${found.slice(0, 12)} isn’t that version in the history of ${tip.slice(0, 12)}`,
  });
}
