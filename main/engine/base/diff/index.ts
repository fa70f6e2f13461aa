// SPDX-License-Identifier: LGPL-2.1-or-later
export { joinChangelogs, newChangelogEntries } from './changelog.ts';
export { describeChanges, indexPackages, type Described, type DescribedPackage } from './describe.ts';
export {
  ancestorsOf,
  changesOf,
  extendHistory,
  historyKey,
  historyOf,
  linkedReleases,
  packHistory,
  type CommitMetadata,
  type EarlierRelease,
} from './history.ts';
export { mergeReleases, type MergedChanges } from './merge.ts';
export { byName, comparePackages, countChanges, diffPackages } from './packages.ts';
export { packagesOfPkglist, pkglistOfPackages, type PkglistRow } from './pkglist.ts';
export { buildReleaseChanges, changesKey, packReleaseChanges, parseReleaseChanges, type ReleaseInput } from './release.ts';
export { readReleaseChanges } from './release-format.ts';
