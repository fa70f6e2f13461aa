// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Signature } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { PublishRepo } from '../../base/ports/publish.ts';
import type { ObjectKind } from '../../base/ports/sysroot.ts';
import { ownRefs, revisionIn } from '../../base/commits/ancestors.ts';
import { deltaDirectory } from './deltas.ts';
import { signatureProblem, TrustedKeys } from './keys.ts';

export interface VerifyParams {
  readonly repo: string;
  /** Branches or checksums; default: every commit. */
  readonly revisions: readonly string[];
  /** Files with public keys; commits and summary must carry a signature of one of them then. */
  readonly keys: readonly string[];
}

export interface VerifiedCommit {
  readonly checksum: string;
  readonly version: string;
  readonly refs: readonly string[];
  readonly objects: number;
  /** partial: the commit object alone, or a pull that was interrupted. */
  readonly state: 'good' | 'partial' | 'bad';
  readonly signatures: readonly Signature[];
  readonly problems: readonly string[];
}

export interface VerifyReport {
  readonly commits: readonly VerifiedCommit[];
  readonly summary: { readonly present: boolean; readonly signatures: readonly Signature[]; readonly problems: readonly string[] };
  readonly deltas: readonly { readonly from: string; readonly to: string; readonly problem?: string }[];
  readonly ok: boolean;
}

const kinds: Readonly<Record<string, ObjectKind>> = {
  file: 'file',
  filez: 'file',
  dirtree: 'dirtree',
  dirmeta: 'dirmeta',
  commit: 'commit',
};
const shownProblems = 10;

/** Check content, signatures, summary and static deltas of a repository. Every object is read once. Nothing is changed. */
export function verifyRepo(repo: PublishRepo, params: VerifyParams, context: JobContext): VerifyReport {
  using keys = new TrustedKeys(params.keys);
  const refs = ownRefs(repo.repo);
  const checksums =
    params.revisions.length > 0 ? [...new Set(params.revisions.map((r) => revisionIn(repo.repo, r, refs)))] : repo.listCommits();
  const known = new Map<string, string | undefined>();
  const commits = checksums.map((checksum, i) => {
    context.progress({
      step: 'verify',
      stepIndex: 0,
      stepCount: 1,
      fraction: i / checksums.length,
      itemsDone: i,
      itemsTotal: checksums.length,
    });
    return verifyCommit(repo, checksum, refs, keys, known);
  });
  const summary = verifySummary(repo, refs, keys);
  const deltas = repo.listDeltas().map((name) => {
    const problem = repo.checkDelta(deltaDirectory(repo.path, name), name);
    return { ...name, ...(problem === undefined ? {} : { problem }) };
  });
  const ok = commits.every((c) => c.problems.length === 0) && summary.problems.length === 0 && deltas.every((d) => !('problem' in d));
  return { commits, summary, deltas, ok };
}

function verifyCommit(
  repo: PublishRepo,
  checksum: string,
  refs: ReadonlyMap<string, string>,
  keys: TrustedKeys,
  known: Map<string, string | undefined>,
): VerifiedCommit {
  const problems: string[] = [];
  const named = [...refs].filter(([, sum]) => sum === checksum).map(([ref]) => ref);
  const damage = objectProblem(repo, `${checksum}.commit`, known);
  // what can't be read has no signatures either
  if (damage !== undefined) return { checksum, version: '', refs: named, objects: 0, state: 'bad', signatures: [], problems: [damage] };
  const commit = repo.repo.loadCommit(checksum);
  const partial = commit.state !== 'normal';
  let objects = 1;
  if (!partial) {
    try {
      const names = repo.reachable(checksum);
      objects = names.size;
      for (const name of names) {
        const problem = objectProblem(repo, name, known);
        if (problem !== undefined) problems.push(problem);
      }
    } catch (error) {
      problems.push(wordsOf(error));
    }
  } else if (named.length > 0) problems.push('a branch points at it, but its content isn’t all here');
  const signatures = keys.check(repo, commit.bytes, {
    gpg: repo.repo.detachedSignatures(checksum, 'ostree.gpgsigs'),
    ed25519: repo.repo.detachedSignatures(checksum, 'ostree.sign.ed25519'),
  });
  const unsigned = keys.kinds.length > 0 ? signatureProblem(signatures) : undefined;
  const bad = problems.length > 0;
  const all = [...problems, ...(unsigned === undefined ? [] : [unsigned])];
  const shown = all.length > shownProblems ? [...all.slice(0, shownProblems), `and ${all.length - shownProblems} more`] : all;
  return {
    checksum,
    version: commit.version,
    refs: named,
    objects,
    state: bad ? 'bad' : partial ? 'partial' : 'good',
    signatures,
    problems: shown,
  };
}

function objectProblem(repo: PublishRepo, name: string, known: Map<string, string | undefined>): string | undefined {
  if (known.has(name)) return known.get(name);
  const dot = name.indexOf('.');
  const kind = kinds[name.slice(dot + 1)];
  let problem: string | undefined;
  try {
    if (kind) repo.verifyObject(kind, name.slice(0, dot));
  } catch (error) {
    problem = `${name.slice(0, 12)}….${name.slice(dot + 1)}: ${wordsOf(error)}`;
  }
  known.set(name, problem);
  return problem;
}

const wordsOf = (error: unknown): string => (error instanceof TreelineError ? (error.report.detail ?? error.message) : String(error));

function verifySummary(repo: PublishRepo, refs: ReadonlyMap<string, string>, keys: TrustedKeys): VerifyReport['summary'] {
  const file = path.join(repo.path, 'summary');
  if (!existsSync(file)) return { present: false, signatures: [], problems: keys.kinds.length > 0 ? ['there is no summary'] : [] };
  const problems: string[] = [];
  const bytes = readFileSync(file);
  let signatures: Signature[] = [];
  try {
    const { refs: listed, deltas } = repo.parseSummary(bytes);
    for (const [ref, checksum] of refs)
      if (listed.get(ref) !== checksum) problems.push(listed.has(ref) ? `it lists another commit for ${ref}` : `it doesn’t list ${ref}`);
    for (const ref of listed.keys()) if (!refs.has(ref)) problems.push(`it lists ${ref}, which isn’t here`);
    for (const [name, sum] of deltas) {
      const [from = '', to] = name.split('-');
      const directory = deltaDirectory(repo.path, to === undefined ? { from: '', to: from } : { from, to });
      const superblock = path.join(directory, 'superblock');
      if (!existsSync(superblock)) problems.push(`it lists delta ${name.slice(0, 12)}…, which isn’t here`);
      else if (sum !== '' && sha256(readFileSync(superblock)) !== sum)
        problems.push(`it lists another delta ${name.slice(0, 12)}… than is here`);
    }
    if (existsSync(`${file}.sig`)) signatures = keys.check(repo, bytes, repo.parseSignatures(readFileSync(`${file}.sig`)));
  } catch (error) {
    problems.push(wordsOf(error));
  }
  const unsigned = keys.kinds.length > 0 ? signatureProblem(signatures) : undefined;
  if (unsigned !== undefined) problems.push(unsigned);
  return { present: true, signatures, problems };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
