// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FetchedSummary, SummaryRef } from '../ports/fetch.ts';
import type { RepoPort } from '../ports/sysroot.ts';
import { ed25519TrustedKeys, requireSigned, verifyEd25519, type GpgVerify } from './signatures.ts';
import type { Kinds } from './demands.ts';

/** Reads the branches out of a summary's bytes; rows that can't be branches are left out. Throws `repo.garbage`. */
export type ParseSummary = (bytes: Uint8Array, remote: string) => readonly SummaryRef[];

/**
 * The branches that a fetched summary lists. It was fetched by a process that isn't believed: the bytes are verified here with the remote's keys
 * as far as `demanded`, and read here. Throws the `repo.signature-*` and `repo.key-*` codes, `repo.garbage`.
 */
export function provenBranches(
  repo: RepoPort,
  remote: string,
  demanded: Kinds,
  summary: FetchedSummary,
  gpg: GpgVerify,
  parse: ParseSummary,
): readonly SummaryRef[] {
  const decode = (list: readonly string[]): Buffer[] => list.map((text) => Buffer.from(text, 'base64'));
  const bytes = Buffer.from(summary.bytes, 'base64');
  const signatures = [
    ...(demanded.gpg ? gpg(remote, bytes, decode(summary.gpgSignatures)) : []),
    ...(demanded.ed25519 ? verifyEd25519(bytes, decode(summary.ed25519Signatures), ed25519TrustedKeys(repo, remote)) : []),
  ];
  requireSigned(demanded, signatures, `The list of branches of ${remote}`);
  return parse(bytes, remote);
}
