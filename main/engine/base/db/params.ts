// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { PackageChange, PackageDetails, PackageInfo } from '../../../../shared/domain/index.ts';

export interface RepoParams {
  /** Path of an OSTree repository; empty = the repository of `sysroot`. */
  readonly repo?: string;
  readonly sysroot?: string;
}

export interface DbListing {
  readonly revision: string;
  readonly checksum: string;
  readonly version: string;
  readonly packages: readonly PackageDetails[];
  readonly advisories?: readonly Domain.Advisory[];
}

/** Parts of a package list difference with where it was read from. */
export interface DiffOutcome {
  /** What was compared, in the caller's words or `booted deployment`, `pending deployment`, `rollback deployment`. */
  readonly fromName: string;
  readonly toName: string;
  readonly fromChecksum: string;
  readonly toChecksum: string;
  readonly fromVersion: string;
  readonly toVersion: string;
  readonly packages: readonly PackageChange[];
  readonly advisories: readonly Domain.Advisory[];
}

/** Jobs on package lists of commits; part of Jobs in jobs/catalogue.ts. */
export interface DbJobs {
  /** (read) Package list of a commit; `repo` is a path or '' for the sysroot's. */
  'db.list': {
    params: RepoParams & {
      /** As db.diff's. After the first, what is no revision but could be a package's name counts as a pattern. */
      readonly revisions: readonly string[];
      /** Shell patterns on names (or whole NEVRAs); none = all. */
      readonly patterns: readonly string[];
      readonly advisories?: boolean;
      /** Summary, license, sizes, ... too, from the RPM database; without it only what the commit's metadata lists. */
      readonly details?: boolean;
    };
    result: readonly DbListing[];
  };
  /** (read) One package of a commit, from its RPM database; undefined when it isn't there. */
  'db.package': { params: RepoParams & { readonly checksum: string; readonly nevra: string }; result: { readonly found?: PackageInfo } };
  /** (read) */
  'db.diff': {
    params: RepoParams & {
      /**
       * Revisions: checksum, `[REMOTE:]REF`, or a deployment (id, `booted`, `pending`, `rollback`). Both empty: booted and pending, or
       * rollback and booted when nothing is pending. Only `to` empty: booted and `from`.
       */
      readonly from: string;
      readonly to: string;
      readonly changelogs: boolean;
      readonly advisories: boolean;
      readonly base?: boolean;
    };
    result: DiffOutcome;
  };
  /** (read) Versions and checksums of revisions. */
  'db.version': {
    params: RepoParams & { readonly revisions: readonly string[] };
    result: readonly { readonly revision: string; readonly checksum: string; readonly version: string; readonly rpmdbChecksum: string }[];
  };
}
