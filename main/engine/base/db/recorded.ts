// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, type PackageChange, type ReleaseChanges } from '../../../../shared/domain/index.ts';
import { changesKey, mergeReleases, parseReleaseChanges } from '../diff/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';

/** Commits walked at most; farther apart the databases are compared. */
const longestWalk = 100;

/** Names a change by both its sides. */
export function changeKey(change: PackageChange): string {
  return `${change.from ? formatNevra(change.from) : ''} ${change.to ? formatNevra(change.to) : ''}`;
}

/**
 * What the commits from `from` (not including it) to `to` say about themselves in `treeline.changes`, merged, by changeKey: with changelogs, read
 * from the commit objects alone. Empty when `from` is no ancestor, or when a commit in between says nothing.
 */
export function recordedChanges(repo: RepoPort, from: CommitPort, to: CommitPort): Map<string, PackageChange> {
  const releases: ReleaseChanges[] = [];
  for (let commit: CommitPort | undefined = to; commit && commit.checksum !== from.checksum;) {
    const packed = commit.value(changesKey, 'ay');
    const changes = packed instanceof Uint8Array ? parseReleaseChanges(packed, commit.checksum) : undefined;
    if (!changes || changes.parent !== commit.parent || releases.length === longestWalk) return new Map();
    releases.unshift(changes);
    commit = repo.tryLoadCommit(commit.parent);
    if (!commit) return new Map();
  }
  return new Map(mergeReleases(releases).packages.map((c) => [changeKey(c), c]));
}
