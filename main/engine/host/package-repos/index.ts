// SPDX-License-Identifier: LGPL-2.1-or-later
export { packageRepos, type PackageRepos, type PackageReposRequest, type RepoChoice } from './package-repos.ts';
export { parseRepoFile } from '../../base/package-repos/repo-sections.ts';
