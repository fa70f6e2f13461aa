// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReleaseChanges } from '../../../../shared/domain/index.ts';
import { changesOf, historyOf, type CommitMetadata, type EarlierRelease } from '../diff/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';

const maxReleases = 500;

/** A release on the way of an update. `commit` is missing where only a later commit tells of it. */
export interface Release {
  readonly checksum: string;
  readonly version: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly commit?: CommitPort;
  readonly changes?: ReleaseChanges;
}

/**
 * Releases from `to` back to, without, `from`, newest first: from commit objects in `repo`, and where those aren't, from the history that a
 * newer one carries. `complete` is false when that doesn't lead there.
 */
export function releasesBetween(repo: RepoPort, from: string, to: string): { releases: Release[]; complete: boolean } {
  const releases: Release[] = [];
  const told = new Map<string, EarlierRelease>();
  for (let at = to; at !== '' && releases.length < maxReleases;) {
    if (at === from) return { releases, complete: true };
    const commit = repo.tryLoadCommit(at);
    const earlier = told.get(at);
    if (commit) {
      const changes = tryChangesOf(commit);
      const { checksum, version, timestamp } = commit;
      releases.push({ checksum, version, timestamp, commit, ...(changes ? { changes } : {}) });
      if (commit.parent !== from && !told.has(commit.parent)) for (const r of tryHistoryOf(commit)) told.set(r.checksum, r);
      at = commit.parent;
    } else if (earlier) {
      const { checksum, changes } = earlier;
      releases.push({ checksum, version: changes.version, timestamp: changes.timeSeconds, changes });
      at = changes.parent ?? '';
    } else break;
  }
  return { releases, complete: false };
}

/** A list that can't be read is as good as none: the update itself isn't worse for it. */
function tryChangesOf(commit: CommitMetadata): ReleaseChanges | undefined {
  try {
    return changesOf(commit);
  } catch {
    return undefined;
  }
}

/** As historyOf; one that can't be read is none. */
export function tryHistoryOf(commit: CommitMetadata): EarlierRelease[] {
  try {
    return historyOf(commit);
  } catch {
    return [];
  }
}
