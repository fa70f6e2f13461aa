// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BroughtFile, LayerOutcome } from '../base/ports/layers.ts';
import type { RepoDefinition } from '../base/ports/resolver.ts';
import type { LocalPackage, Requests } from './requests.ts';
import type { UserFiles } from './users.ts';

export interface LayerParams {
  /** Path of the sysroot's repository. */
  readonly repo: string;
  /** Commit that the packages come onto; whole, in the repository. */
  readonly base: string;
  /** What it is called. */
  readonly version: string;
  /** For a dry run of a base that isn't in the repository: a directory with its RPM database. */
  readonly database?: string;
  readonly requests: Requests;
  /** Those of the packages that are asked for just now. */
  readonly newRequests: readonly string[];
  /** They may be what the base has already. */
  readonly allowInactive: boolean;
  /** A commit that is to be used again when it is what would be made. */
  readonly current?: string;
  readonly repos: readonly RepoDefinition[];
  /** Value of $releasever. */
  readonly releasever: string;
  /** For metadata and downloaded packages. */
  readonly cachedir: string;
  readonly recommends: boolean;
  /** Of the machine. */
  readonly users: UserFiles;
  /** The machine's /etc, for an initramfs that is made anew. */
  readonly etc?: string;
  readonly cacheOnly?: boolean;
  /** Only say what would be in it. */
  readonly dryRun?: boolean;
  /** Only fetch and import the packages. */
  readonly downloadOnly?: boolean;
}

/** Jobs on packages on top of a base; part of Jobs in jobs/catalogue.ts. */
export interface LayeringJobs {
  /** Resolve requests against a base, import the packages, commit the base with them. Started by the job that deploys it. */
  'layer.make': { params: LayerParams; result: LayerOutcome };
  /** Check package files that somebody brought, and keep them in the sysroot's repository. Started by the job that puts them onto a base. */
  'layer.import-local': {
    params: { readonly repo: string; readonly files: readonly BroughtFile[] };
    result: { readonly packages: readonly LocalPackage[] };
  };
}
