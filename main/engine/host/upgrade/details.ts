// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signature, UpdateDetails, UpdateSizes } from '../../../../shared/domain/index.ts';
import { advisoriesBetween, tellsAdvisories } from '../../base/db/commit-advisories.ts';
import { describeChanges, diffPackages, indexPackages, mergeReleases, packagesOfPkglist } from '../../base/diff/index.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { releasesBetween } from '../../base/commits/chain.ts';

/**
 * What lies between two commits of `repo`. From the `treeline.changes` of every release on the way (in its own commit, or in the
 * `treeline.history` of a later one) when all are known, else from the two package lists, else empty (`source` tells).
 */
export function buildDetails(
  repo: RepoPort,
  from: CommitPort | undefined,
  to: CommitPort,
  sizes: (installedDeltaBytes: number | undefined) => UpdateSizes,
  signatures: readonly Signature[],
): UpdateDetails {
  const chain = releasesBetween(repo, from?.checksum ?? '', to.checksum);
  const list = chain.releases;
  const known = list.flatMap((r) => (r.changes ? [r.changes] : []));
  const common = {
    fromChecksum: from?.checksum ?? '',
    fromVersion: from?.version ?? '',
    toChecksum: to.checksum,
    toVersion: to.version,
    toTimeSeconds: to.timestamp,
    releases: (chain.complete ? list : list.slice(0, 1)).map(({ version, checksum, timestamp, changes }) => ({
      version,
      checksum,
      timeSeconds: timestamp,
      ...(changes ? { packageCount: changes.packages.length } : {}),
    })),
    signatures,
  };
  if (chain.complete && known.length === list.length) {
    const merged = mergeReleases([...known].reverse());
    const { packages, advisories } = merged;
    return { ...common, packages, advisories, sizes: sizes(merged.installedSizeDeltaBytes), source: 'treeline.changes' };
  }
  const rows = (commit: CommitPort | undefined): readonly (readonly string[])[] | undefined =>
    commit?.value('rpmostree.rpmdb.pkglist', 'a(sssss)');
  const before = rows(from);
  const after = rows(to);
  if (!from || !before || !after)
    return { ...common, packages: [], advisories: [], notTold: ['advisories', 'changelogs'], sizes: sizes(undefined), source: 'none' };
  const [old, now] = [packagesOfPkglist(before), packagesOfPkglist(after)];
  const told = tellsAdvisories(to);
  const { changes: packages, advisories } = describeChanges(
    diffPackages(old, now),
    indexPackages(old),
    indexPackages(now),
    told ? advisoriesBetween(repo, from.checksum, to.checksum) : [],
  );
  const notTold = [...(told ? [] : (['advisories'] as const)), 'changelogs' as const];
  return { ...common, packages, advisories, notTold, sizes: sizes(undefined), source: 'pkglist' };
}
