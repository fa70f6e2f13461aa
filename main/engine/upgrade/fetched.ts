import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { FetchOutcome, FetchPort, FetchRequest } from '../ports/fetch.ts';
import type { CommitPort, RepoPort, SysrootPort } from '../ports/sysroot.ts';
import type { StateDir } from '../sysroot/state-dir.ts';
import { mediumInside, type MediumSource } from '../media/source.ts';
import { remoteFetchOptions, type Revision, type Source } from './target.ts';

/** Opens a repository for reading. */
export type OpenRepo = (path: string) => RepoPort & Disposable;

export function fetchRepoPath(dir: StateDir): string {
  return path.join(dir.cache, 'fetch');
}

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

/** Fetch the commit objects of an update: the target, and its parents back to the base. Returns the target's checksum. */
export async function fetchCommits(
  fetcher: FetchPort,
  sysroot: SysrootPort,
  dir: StateDir,
  source: Source,
  revision: Revision,
  medium?: MediumSource,
): Promise<string> {
  if (source.remote === '') return localTarget(sysroot, source, revision);
  if (medium?.kind === 'delta') return deltaTarget(fetcher, sysroot, dir, source, revision, medium);
  const wanted = revision.kind === 'checksum' ? revision.value : (medium?.checksum ?? source.ref);
  const base = sysroot.repo.tryLoadCommit(source.base.checksum);
  const more = {
    refs: [wanted],
    commitOnly: true,
    backTo: source.base.checksum,
    ...(base ? { backToSeconds: base.timestamp } : {}),
    clean: 'content' as const,
    ...(revision.kind === 'version' ? { version: revision.value } : {}),
  };
  const request = fetchRequest(sysroot, dir, source, more, medium);
  return target(await fetcher.fetch(request), source, revision, wanted);
}

/** A delta file holds one commit with all its content: both come at once. */
async function deltaTarget(
  fetcher: FetchPort,
  sysroot: SysrootPort,
  dir: StateDir,
  source: Source,
  revision: Revision,
  medium: MediumSource,
): Promise<string> {
  const wrong =
    revision.kind === 'checksum' ? revision.value !== medium.checksum : revision.kind === 'version' && revision.value !== medium.version;
  if (wrong && revision.kind !== 'newest')
    throw new TreelineError('repo.revision-not-found', { subject: revision.value, facts: { repo: medium.path } });
  const more = { refs: [medium.checksum], commitOnly: false, delta: mediumInside, clean: 'content' as const };
  await fetcher.fetch(fetchRequest(sysroot, dir, source, more, medium));
  return medium.checksum;
}

function target(outcome: FetchOutcome, source: Source, revision: Revision, wanted: string): string {
  const checksum = revision.kind === 'version' ? outcome.found : outcome.commits[wanted];
  if (checksum === undefined) {
    const subject = revision.kind === 'version' ? `version ${revision.value}` : wanted;
    throw new TreelineError('repo.revision-not-found', { subject, facts: { repo: source.refspec } });
  }
  return checksum;
}

/** A branch without a remote: whoever wrote the commit into the system's repository is trusted. */
function localTarget(sysroot: SysrootPort, source: Source, revision: Revision): string {
  return knownTarget(sysroot.repo, source, revision);
}

/** The target as far as it is known without asking the server. Throws `repo.revision-not-found`. */
export function knownTarget(repo: RepoPort, source: Source, revision: Revision): string {
  const notFound = (subject: string): TreelineError =>
    new TreelineError('repo.revision-not-found', { subject, facts: { repo: source.refspec } });
  if (revision.kind === 'checksum') {
    if (!repo.hasObject('commit', revision.value)) throw notFound(revision.value);
    return revision.value;
  }
  const newest = repo.tryResolveRev(source.refspec);
  if (newest === undefined) throw notFound(source.refspec);
  if (revision.kind === 'newest') return newest;
  for (let at: CommitPort | undefined = repo.tryLoadCommit(newest); at; at = at.parent ? repo.tryLoadCommit(at.parent) : undefined) {
    if (at.version === revision.value) return at.checksum;
  }
  throw notFound(`version ${revision.value}`);
}
