// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Advisory, PackageChange } from './schemas/package.ts';

/**
 * The content of a commit's `treeline.changes` metadata key: what this commit changes against its parent.
 * Stored as zlib-deflated UTF-8 JSON in an `ay`, so that a client can show it from the commit object alone.
 */
export interface ReleaseChanges {
  readonly format: 1;
  /** Checksum of the commit this is relative to; missing for a first commit. */
  readonly parent?: string;
  readonly parentVersion?: string;
  readonly version: string;
  readonly timeSeconds: number;
  readonly packages: readonly PackageChange[];
  readonly advisories: readonly Advisory[];
  /** Sum of the installed sizes of all packages of this commit, in bytes. */
  readonly installedSizeBytes: number;
  /** Missing when the sizes of the commit before aren't known. */
  readonly installedSizeDeltaBytes?: number;
}
