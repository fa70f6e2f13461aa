// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';

/** How far back is looked. */
const maxCommits = 500;

/** Whether `past` is among the parents of `commit`, as far as their objects are in `repo`. */
export function isInPast(repo: Pick<RepoPort, 'tryLoadCommit'>, commit: CommitPort, past: string): boolean {
  let at = commit.parent;
  for (let count = 0; at !== '' && count < maxCommits; count++) {
    if (at === past) return true;
    at = repo.tryLoadCommit(at)?.parent ?? '';
  }
  return false;
}

/**
 * Whether taking `to` would be going back from `from`: it says an earlier time, or it is one of `from`'s parents. Where one of the times isn't
 * known, only history can say that it goes forward.
 */
export function goesBack(repo: Pick<RepoPort, 'tryLoadCommit'>, from: CommitPort, to: CommitPort): boolean {
  if (from.checksum === to.checksum) return false;
  if (isInPast(repo, from, to.checksum)) return true;
  if (from.timestamp > 0 && to.timestamp > 0) return to.timestamp < from.timestamp;
  return !isInPast(repo, to, from.checksum);
}
