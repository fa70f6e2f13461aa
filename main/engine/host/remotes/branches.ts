// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RemoteRef, RemoteVersion } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { FetchRequest, SummaryRef } from '../../base/ports/fetch.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { readOrigin } from '../sysroot/origin.ts';
import { requireIntact } from '../../base/trust/signatures.ts';
import type { EarlierRelease } from '../../base/diff/index.ts';
import { tryHistoryOf } from '../../base/commits/chain.ts';
import { withFetched, type UpdateContext, fetchRepoPath } from '../source/context.ts';
import { fetchBranches, provenTip } from '../source/fetched.ts';
import { remoteFetchOptions } from '../source/source.ts';

/** Of how many branches the commit object is asked for when the summary tells no version. */
const describedMost = 100;

function request(context: UpdateContext, remote: string): Pick<FetchRequest, 'repo' | 'parent' | 'remote' | 'options'> {
  if (!context.sysroot.repo.hasRemote(remote)) throw new TreelineError('origin.remote-missing', { subject: remote });
  return {
    repo: fetchRepoPath(context.dir),
    parent: context.sysroot.repo.path,
    remote,
    options: remoteFetchOptions(context.sysroot.repo, remote),
  };
}

/**
 * The branches of a remote, from its summary: those of the booted variant first. Throws `origin.remote-missing` and the `repo.*` codes, a summary
 * that isn't signed although the remote demands it included.
 */
export async function remoteRefs(context: UpdateContext, osname: string, remote: string): Promise<RemoteRef[]> {
  const base = request(context, remote);
  const branches = await fetchBranches(context, remote);
  const current = currentRef(context, osname);
  const rows = [...branches].sort(
    (a, b) => rank(current.ref, a.ref) - rank(current.ref, b.ref) || (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0),
  );
  const unknown = rows.filter((row) => row.version === '' || row.timestamp === 0).slice(0, describedMost);
  await fetchObjects(context, base, unknown);
  return withFetched(context, (repo) =>
    rows.map((row) => {
      const commit = row.version === '' || row.timestamp === 0 ? tryCommit(repo, row.checksum) : undefined;
      return {
        ref: row.ref,
        checksum: row.checksum,
        version: row.version || (commit?.version ?? ''),
        timestamp: row.timestamp || (commit?.timestamp ?? 0),
        current: current.remote === remote && row.ref === current.ref,
        related: isRelated(current.ref, row.ref),
      };
    }),
  );
}

/** One branch whose commit the server lost doesn't hide what the others are. */
async function fetchObjects(context: UpdateContext, base: ReturnType<typeof request>, rows: readonly SummaryRef[]): Promise<void> {
  if (rows.length === 0) return;
  const fetch = (refs: readonly string[]): Promise<unknown> => context.fetcher.fetch({ ...base, refs, commitOnly: true });
  try {
    await fetch(rows.map((row) => row.checksum));
  } catch (error) {
    if (
      !(error instanceof TreelineError) ||
      !['repo.not-found', 'repo.revision-not-found', 'repo.corrupt', 'repo.garbage'].includes(error.code)
    )
      return;
    for (const row of rows) await fetch([row.checksum]).catch(() => undefined);
  }
}

function tryCommit(repo: RepoPort, checksum: string): CommitPort | undefined {
  try {
    const commit = repo.tryLoadCommit(checksum);
    if (commit) requireIntact(commit, checksum.slice(0, 12));
    return commit;
  } catch {
    return undefined;
  }
}

function currentRef(context: UpdateContext, osname: string): { remote: string; ref: string } {
  const own = context.sysroot.deployments().filter((d) => d.osname === osname && !d.staged);
  const origin = readOrigin((own.find((d) => d.booted) ?? own[0])?.originText, () => true);
  return { remote: origin.remote, ref: origin.ref };
}

/** All but one component of the path equal: `fedora/43/x86_64/kinoite` and `fedora/44/x86_64/kinoite`. */
export function isRelated(current: string, ref: string): boolean {
  const [a, b] = [current.split('/'), ref.split('/')];
  if (current === '' || a.length !== b.length) return false;
  return a.filter((part, i) => part !== b[i]).length <= 1;
}

const rank = (current: string, ref: string): number => (ref === current ? 0 : isRelated(current, ref) ? 1 : 2);

/** The past of a branch, newest first, at most `limit` commits; as far as the server keeps it. Commit objects only. */
export async function remoteVersions(context: UpdateContext, refspec: string, limit: number): Promise<RemoteVersion[]> {
  const colon = refspec.indexOf(':');
  const [remote, ref] = [refspec.slice(0, Math.max(0, colon)), refspec.slice(colon + 1)];
  const most = Math.max(1, Math.min(500, Math.floor(limit)));
  const start = colon < 0 ? context.sysroot.repo.resolveRev(ref) : await newest(context, remote, ref, most);
  const deployed = new Set(context.sysroot.deployments().map((d) => d.checksum));
  return withFetched(context, (repo) => {
    const versions: RemoteVersion[] = [];
    const told = new Map<string, EarlierRelease>();
    for (let at = start; at !== '' && versions.length < most;) {
      const commit = tryCommit(repo, at);
      const earlier = told.get(at);
      if (commit) {
        versions.push({ checksum: at, version: commit.version, timestamp: commit.timestamp, deployed: deployed.has(at) });
        for (const r of tryHistoryOf(commit)) told.set(r.checksum, r);
        at = commit.parent;
      } else if (earlier) {
        const { version, timeSeconds, parent } = earlier.changes;
        versions.push({ checksum: at, version, timestamp: timeSeconds, deployed: deployed.has(at) });
        at = parent ?? '';
      } else break;
    }
    return versions;
  });
}

async function newest(context: UpdateContext, remote: string, ref: string, limit: number): Promise<string> {
  const base = request(context, remote);
  const wanted = (await provenTip(context, remote, ref)) ?? ref;
  const outcome = await context.fetcher.fetch({ ...base, refs: [wanted], branch: ref, commitOnly: true, limit });
  const checksum = outcome.commits[wanted];
  if (checksum === undefined) throw new TreelineError('repo.ref-not-found', { subject: ref, facts: { repo: remote } });
  return checksum;
}
