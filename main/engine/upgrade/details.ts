import type { ReleaseChanges, Signature, UpdateDetails, UpdateSizes } from '../../../shared/domain/index.ts';
import { changesKey, diffPackages, mergeReleases, packagesOfPkglist, parseReleaseChanges } from '../diff/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';

const maxReleases = 500;

interface Release {
  readonly commit: CommitPort;
  readonly changes?: ReleaseChanges;
}

/** Commits from `to` back to, without, `from`, newest first. `complete` is false when the chain doesn't lead there. */
export function commitsBetween(repo: RepoPort, from: string, to: string): { commits: CommitPort[]; complete: boolean } {
  const commits: CommitPort[] = [];
  for (let at = to; at !== '' && commits.length < maxReleases;) {
    if (at === from) return { commits, complete: true };
    const commit = repo.tryLoadCommit(at);
    if (!commit) break;
    commits.push(commit);
    at = commit.parent;
  }
  return { commits, complete: false };
}

function changesOf(commit: CommitPort): ReleaseChanges | undefined {
  const packed = commit.value(changesKey, 'ay') as Uint8Array | undefined;
  if (!packed) return undefined;
  const changes = parseReleaseChanges(packed, commit.version || commit.checksum);
  // what a commit says is relative to another one than its parent tells nothing about this update
  return changes && (changes.parent ?? '') === commit.parent ? changes : undefined;
}

/** Like changesOf; a list that can't be read is as good as none: the update itself isn't worse for it. */
function tryChangesOf(commit: CommitPort): ReleaseChanges | undefined {
  try {
    return changesOf(commit);
  } catch {
    return undefined;
  }
}

/**
 * What lies between two commits whose objects are in `repo`. From the `treeline.changes` of every commit on the way when all have it,
 * else from the two package lists, else empty (`source` tells).
 */
export function buildDetails(
  repo: RepoPort,
  from: CommitPort | undefined,
  to: CommitPort,
  sizes: (installedDeltaBytes: number) => UpdateSizes,
  signatures: readonly Signature[],
): UpdateDetails {
  const chain = commitsBetween(repo, from?.checksum ?? '', to.checksum);
  const list: Release[] = chain.commits.map((commit) => {
    const changes = tryChangesOf(commit);
    return changes ? { commit, changes } : { commit };
  });
  const known = list.flatMap((r) => (r.changes ? [r.changes] : []));
  const common = {
    fromChecksum: from?.checksum ?? '',
    fromVersion: from?.version ?? '',
    toChecksum: to.checksum,
    toVersion: to.version,
    toTimeSeconds: to.timestamp,
    releases: (chain.complete ? list : list.slice(0, 1)).map(({ commit, changes }) => ({
      version: commit.version,
      checksum: commit.checksum,
      timeSeconds: commit.timestamp,
      packageCount: changes?.packages.length ?? 0,
    })),
    signatures,
  };
  if (chain.complete && known.length === list.length) {
    const merged = mergeReleases([...known].reverse());
    const { packages, advisories } = merged;
    return { ...common, packages, advisories, sizes: sizes(merged.installedSizeDeltaBytes), source: 'treeline.changes' };
  }
  const rows = (commit: CommitPort | undefined): string[][] | undefined =>
    commit?.value('rpmostree.rpmdb.pkglist', 'a(sssss)') as string[][] | undefined;
  const before = rows(from);
  const after = rows(to);
  const packages = before && after ? diffPackages(packagesOfPkglist(before), packagesOfPkglist(after)) : [];
  return { ...common, packages, advisories: [], sizes: sizes(0), source: before && after ? 'pkglist' : 'none' };
}
