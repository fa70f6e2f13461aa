// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Advisory, ComposeRelease, PackageChange } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { changesOf, countChanges } from '../../base/diff/index.ts';
import type { PreviousCommit, TargetRepo } from '../../base/ports/compose-store.ts';

/** The commits of a branch, newest first, at most `limit`; empty when there is no such branch. */
export function listReleases(target: TargetRepo, ref: string, limit: number): ComposeRelease[] {
  const releases: ComposeRelease[] = [];
  for (let at = target.previous(ref); at && releases.length < limit; at = at.parent ? target.previous(at.parent) : undefined)
    releases.push(releaseOf(at));
  return releases;
}

function releaseOf(commit: PreviousCommit): ComposeRelease {
  const changes = readable(commit);
  return {
    checksum: commit.checksum,
    version: commit.version,
    timestamp: commit.timestamp,
    packageCount: commit.pkglist.length,
    ...(changes ? { counts: countChanges(changes.packages) } : {}),
  };
}

/** One damaged commit doesn't hide the others. */
function readable(commit: PreviousCommit): ReturnType<typeof changesOf> {
  try {
    return changesOf(commit);
  } catch {
    return undefined;
  }
}

/** What one commit changes against its parent. Throws repo.revision-not-found, repo.corrupt. */
export function describeRelease(
  target: TargetRepo,
  checksum: string,
): { readonly packages: readonly PackageChange[]; readonly advisories: readonly Advisory[] } {
  const commit = target.previous(checksum);
  if (!commit) throw new TreelineError('repo.revision-not-found', { subject: checksum, facts: { repo: target.path } });
  const changes = changesOf(commit);
  return { packages: changes?.packages ?? [], advisories: changes?.advisories ?? [] };
}
