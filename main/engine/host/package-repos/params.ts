// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../../shared/errors/index.ts';
import type { PackageQuery, RepoDefinition } from '../../base/ports/resolver.ts';
import type { PackageReposPlace } from './place.ts';

/** Enabled repositories, as packageRepos() reads them, and where what they have is kept. */
export interface ReposParams {
  readonly cachedir: string;
  readonly repos: readonly RepoDefinition[];
  readonly releasever: string;
  /** What is wrong with those that aren't among them. */
  readonly problems: readonly ErrorReport[];
}

export interface RefreshParams extends ReposParams {
  /** Also what was looked at not long ago. */
  readonly force: boolean;
  /** One that can't be reached is named and passed over. */
  readonly skipUnavailable: boolean;
}

export interface FindParams extends ReposParams {
  readonly query: PackageQuery;
}

/** Jobs on a system's package repositories; part of Jobs in jobs/catalogue.ts. */
export interface PackageRepoJobs {
  /** (read) All repositories with their keys. */
  'packages.repos': { params: PackageReposPlace; result: Domain.PackageRepos };
  /** (read) Packages out of what was fetched before. */
  'packages.find': {
    params: FindParams;
    result: { readonly packages: readonly Domain.FoundPackage[]; readonly unknown: readonly ErrorReport[] };
  };
  'packages.refresh': { params: RefreshParams; result: { readonly changed: boolean; readonly skipped: readonly ErrorReport[] } };
  'packages.modify-repo': {
    params: { readonly root: string; readonly id: string; readonly settings: Readonly<Record<string, string>> };
    result: { readonly changed: boolean };
  };
  /** What the addresses of a repository's keys give (network); nothing is believed by it. */
  'packages.offered-keys': {
    params: { readonly id: string; readonly addresses: readonly string[] };
    result: readonly Domain.OfferedKeys[];
  };
  /** `key`: the file's content, base64. */
  'packages.import-key': {
    params: { readonly root: string; readonly id: string; readonly key: string };
    result: readonly Domain.RemoteKey[];
  };
}
