// SPDX-License-Identifier: LGPL-2.1-or-later
export { findInRepos } from './find.ts';
export { importPackageKeys } from './imported-keys.ts';
export { listPackageRepos, summarizePackageRepos, type RepoSummary } from './list.ts';
export { modifyPackageRepo } from './modify.ts';
export { offeredKeys } from './offered-keys.ts';
export { keyAddresses, packageRepos, type PackageRepos, type PackageReposRequest, type RepoChoice } from './package-repos.ts';
export { enabledRepos, packageReposPlace, type PackageReposPlace } from './place.ts';
export { refreshPackageRepos } from './refresh.ts';
