// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RepoPort } from '../ports/sysroot.ts';

/** Up to `count` commits before one, newest first, as far as the repository keeps them whole. */
export function ancestorsInRepo(repo: Pick<RepoPort, 'tryLoadCommit'>, checksum: string, count: number): string[] {
  const found: string[] = [];
  for (let at = repo.tryLoadCommit(checksum)?.parent ?? ''; at !== '' && found.length < count;) {
    const commit = repo.tryLoadCommit(at);
    if (commit?.state !== 'normal') break;
    found.push(at);
    at = commit.parent;
  }
  return found;
}

/** A repository's own branches (no remote's), sorted; those asked for, or all. */
export function ownRefs(repo: Pick<RepoPort, 'listRefs' | 'resolveRev'>, wanted: readonly string[] = []): Map<string, string> {
  const all = new Map([...repo.listRefs()].filter(([refspec]) => !refspec.includes(':')));
  return wanted.length > 0 ? new Map(wanted.map((ref) => [ref, revisionIn(repo, ref, all)])) : all;
}

/** What a branch or checksum stands for. A branch comes first: libostree takes `a` for the beginning of a checksum. Throws repo.revision-not-found. */
export function revisionIn(
  repo: Pick<RepoPort, 'listRefs' | 'resolveRev'>,
  revision: string,
  refs: ReadonlyMap<string, string> = repo.listRefs(),
): string {
  return refs.get(revision) ?? repo.resolveRev(revision);
}
