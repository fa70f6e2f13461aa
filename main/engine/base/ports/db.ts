// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PackageInfo } from '../../../../shared/domain/index.ts';
import type { InstalledPackage } from './rpm.ts';
import type { RawDeployment, RepoPort } from './sysroot.ts';

/** Which part of a commit's RPM database is wanted. */
export interface RpmdbQuery {
  readonly changelogs: boolean;
  /** Only packages of these names; all without. */
  readonly names?: readonly string[];
}

/** Where the db jobs read from. */
export interface DbSource {
  readonly repo: RepoPort;
  /** Of the sysroot, in boot order with the staged one first; empty when a repository was named. */
  deployments(): readonly RawDeployment[];
  /** Packages of the database inside a commit; undefined when the commit holds none. Throws `rpmdb.unreadable`. */
  rpmdb(checksum: string, query: RpmdbQuery): readonly InstalledPackage[] | undefined;
  /** One of them by its NEVRA. */
  package(checksum: string, nevra: string): PackageInfo | undefined;
}
