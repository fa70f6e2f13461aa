// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PackageChange } from '../../../../shared/domain/index.ts';
import type { OsParams } from '../../base/ports/job.ts';

export interface LiveParams extends OsParams {
  /** Checksum, branch or what else the repository knows; missing: what would start next. What was booted takes back all that is live. */
  readonly target?: string;
  /** Also change and remove packages, which programs that run may not take well. */
  readonly allowReplacement?: boolean;
  /** Only say what would be done. */
  readonly dryRun?: boolean;
}

export interface LiveOutcome {
  readonly changed: boolean;
  readonly staged: false;
  readonly checksum: string;
  readonly fromVersion: string;
  readonly toVersion: string;
  /** What the history says it was about. */
  readonly subject: string;
  /** Against what was live before. Missing: the commits don't tell. */
  readonly packages?: readonly PackageChange[];
  /** Paths below /usr, and directories that come or go as a whole. */
  readonly files: { readonly added: number; readonly changed: number; readonly removed: number };
  /** Files of /etc that are put there, because they are new and not there. */
  readonly etc: readonly string[];
  /** What only a restart brings: kernel, initramfs, kernel arguments, modules of the running kernel, changed defaults of /etc. */
  readonly afterRestart: readonly string[];
}

/** Changing the running system; part of Jobs in jobs/catalogue.ts. */
export interface LiveJobs {
  /** Bring the difference to another commit into the running /usr, until the restart. */
  'sysroot.apply-live': { params: LiveParams; result: LiveOutcome };
}
