// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { isFormat1 } from '../sysroot/state-shapes.ts';
import { hasShape } from '../../../files/index.ts';
import type { FetchOutcome, FetchRequest, SummaryRef } from '../../base/ports/fetch.ts';
import type { CommitPort, RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { readJson, writeJson, type StateDir } from '../sysroot/state-dir.ts';
import { mediumInside, type MediumSource } from './medium.ts';
import { demandsAny, demandsOf, provenBranches, requireInHistory } from '../../base/trust/index.ts';
import { fetchRepoPath, withFetched, type UpdateContext } from './context.ts';
import { remoteFetchOptions, type Revision, type Source } from './source.ts';

const isChecksum = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

export function fetchRequest(
  sysroot: SysrootPort,
  dir: StateDir,
  source: Source,
  more: Omit<FetchRequest, 'repo' | 'parent' | 'remote' | 'options'>,
  medium?: MediumSource,
): FetchRequest {
  return {
    repo: fetchRepoPath(dir),
    parent: sysroot.repo.path,
    remote: source.remote,
    options: medium ? { url: `file://${mediumInside}` } : remoteFetchOptions(sysroot.repo, source.remote),
    ...more,
  };
}

/** What a look at the source found. */
export interface Looked {
  readonly checksum: string;
  /** The signed list of branches, which counts, is older than the branch itself. */
  readonly staleList?: true;
}

/**
 * Fetch the commit objects of an update: the target, and its parents back to the base. Where the remote signs its list of
 * branches, that list says what the branch's newest commit is, and that it is older than the branch is only told; else the newer of the list and
 * the branch's own file counts, and the answer is only a claim, to be proven by the commit's signature.
 */
export async function fetchCommits(context: UpdateContext, source: Source, revision: Revision): Promise<Looked> {
  const { sysroot, dir, medium, fetcher } = context;
  if (source.remote === '') return { checksum: localTarget(sysroot, source, revision) };
  if (medium?.kind === 'delta') return { checksum: await deltaTarget(context, source, revision, medium) };
  const tip = medium ? medium.checksum : await provenTip(context, source.remote, source.ref);
  const wanted = revision.kind === 'checksum' ? revision.value : (tip ?? source.ref);
  const base = sysroot.repo.tryLoadCommit(source.baseChecksum);
  const more = {
    refs: [wanted],
    commitOnly: true,
    backTo: source.baseChecksum,
    ...(base ? { backToSeconds: base.timestamp } : {}),
    clean: 'content' as const,
    ...(revision.kind === 'version' ? { version: revision.value } : {}),
    ...(!medium && revision.kind !== 'checksum' ? { branch: source.ref } : {}),
  };
  const outcome = await fetcher.fetch(fetchRequest(sysroot, dir, source, more, medium));
  const checksum = target(context, outcome, source, revision, wanted);
  if (tip !== undefined && !medium && revision.kind === 'newest') rememberProven(dir, source.refspec, checksum);
  return { checksum, ...(tip !== undefined && outcome.newerTip !== undefined ? { staleList: true } : {}) };
}

/** A delta file holds one commit with all its content: both come at once. */
async function deltaTarget(context: UpdateContext, source: Source, revision: Revision, medium: MediumSource): Promise<string> {
  const wrong =
    revision.kind === 'checksum' ? revision.value !== medium.checksum : revision.kind === 'version' && revision.value !== medium.version;
  if (wrong && revision.kind !== 'newest')
    throw new TreelineError('repo.revision-not-found', { subject: revision.value, facts: { repo: medium.path } });
  const more = { refs: [medium.checksum], commitOnly: false, delta: mediumInside, clean: 'content' as const };
  await context.fetcher.fetch(fetchRequest(context.sysroot, context.dir, source, more, medium));
  return medium.checksum;
}

/** What the fetching process says it found, as far as it can be believed: a version must lie in the branch's history. */
function target(context: UpdateContext, outcome: FetchOutcome, source: Source, revision: Revision, wanted: string): string {
  const tip = outcome.commits[wanted];
  const checksum = revision.kind === 'version' ? outcome.found : tip;
  if (checksum === undefined || tip === undefined) {
    const subject = revision.kind === 'version' ? `version ${revision.value}` : wanted;
    throw new TreelineError('repo.revision-not-found', { subject, facts: { repo: source.refspec } });
  }
  if (isChecksum(wanted) && tip !== wanted) throw new TreelineError('repo.corrupt', { subject: wanted, detail: `${tip} came instead` });
  if (revision.kind === 'version') withFetched(context, (repo) => requireInHistory(repo, tip, checksum, revision.value));
  return checksum;
}

/** What a signed list of branches says of one; undefined when the remote doesn't sign it. Throws as provenBranches, `repo.ref-not-found`. */
export async function provenTip(context: UpdateContext, remote: string, ref: string): Promise<string | undefined> {
  const { repo } = context.sysroot;
  if (!demandsAny(demandsOf(repo, remote).summary)) return undefined;
  const branches = await fetchBranches(context, remote);
  const found = branches.find((row) => row.ref === ref);
  if (!found) throw new TreelineError('repo.ref-not-found', { subject: ref, facts: { repo: remote } });
  return found.checksum;
}

/** The branches of a remote, from its list, which is verified as the remote demands. Throws as provenBranches, `repo.not-found` without a list. */
export async function fetchBranches(context: UpdateContext, remote: string): Promise<readonly SummaryRef[]> {
  const { repo } = context.sysroot;
  const demanded = demandsOf(repo, remote).summary;
  const request = {
    repo: fetchRepoPath(context.dir),
    parent: repo.path,
    remote,
    options: remoteFetchOptions(repo, remote),
    refs: [],
    commitOnly: true,
    summary: true,
  };
  const { summary } = await context.fetcher.fetch(request);
  if (!summary) throw new TreelineError('repo.not-found', { subject: `The list of branches of ${remote}`, detail: 'no summary came' });
  return provenBranches(repo, remote, demanded, summary, context.gpg, context.parseSummary);
}

interface ProvenFile {
  readonly format: 1;
  readonly refspec: string;
  readonly checksum: string;
}

const isProvenFile = (value: unknown): value is ProvenFile =>
  isFormat1(value) && hasShape(value, { refspec: 'string', checksum: 'string' });
const provenFile = (dir: StateDir): string => path.join(dir.state, 'proven-branch.json');

/** What was fetched lies in a directory of the fetching user: which commit a signed list named is remembered elsewhere. */
function rememberProven(dir: StateDir, refspec: string, checksum: string): void {
  writeJson(provenFile(dir), { format: 1, refspec, checksum } satisfies ProvenFile);
}

/** The target for who doesn't ask the server: what an earlier look found. Throws `repo.revision-not-found`. */
export function fetchedTarget(context: UpdateContext, source: Source, revision: Revision): string {
  const { repo } = context.sysroot;
  if (revision.kind === 'checksum' || !demandsAny(demandsOf(repo, source.remote).summary))
    return withFetched(context, (fetched) => knownTarget(fetched, source, revision));
  const known = readJson(provenFile(context.dir), isProvenFile);
  const tip = known?.refspec === source.refspec ? known.checksum : repo.tryResolveRev(source.refspec);
  if (tip === undefined) throw new TreelineError('repo.revision-not-found', { subject: source.refspec, facts: { repo: source.refspec } });
  return withFetched(context, (fetched) => knownTarget(fetched, source, revision, tip));
}

/** A branch without a remote: whoever wrote the commit into the system's repository is trusted. */
function localTarget(sysroot: SysrootPort, source: Source, revision: Revision): string {
  return knownTarget(sysroot.repo, source, revision);
}

/** The target as far as it is known without asking the server. Throws `repo.revision-not-found`. */
export function knownTarget(repo: RepoPort, source: Source, revision: Revision, tip?: string): string {
  const notFound = (subject: string): TreelineError =>
    new TreelineError('repo.revision-not-found', { subject, facts: { repo: source.refspec } });
  if (revision.kind === 'checksum') {
    if (!repo.hasObject('commit', revision.value)) throw notFound(revision.value);
    return revision.value;
  }
  const newest = tip ?? repo.tryResolveRev(source.refspec);
  if (newest === undefined) throw notFound(source.refspec);
  if (revision.kind === 'newest') return newest;
  for (let at: CommitPort | undefined = repo.tryLoadCommit(newest); at; at = at.parent ? repo.tryLoadCommit(at.parent) : undefined) {
    if (at.version === revision.value) return at.checksum;
  }
  throw notFound(`version ${revision.value}`);
}
