// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReleaseChanges } from '../../../shared/domain/index.ts';
import type { EarlierRelease, PkglistRow } from '../base/diff/index.ts';

/** The referrer by which our images tell what they change. Its one layer is gzip-compressed JSON of this type. */
export const changesType = 'application/vnd.treeline.changes.v1+json';

/** What the referrer holds: enough to tell an update from any of the last releases, and from any other image whose packages are known. */
export interface ImageChanges {
  readonly format: 1;
  /** Label `ostree.commit` of the image. */
  readonly commit: string;
  readonly version: string;
  readonly timeSeconds: number;
  /** What the commit changes against its parent; missing where it doesn't tell. */
  readonly changes?: ReleaseChanges;
  /** The releases before, newest first. */
  readonly history: readonly EarlierRelease[];
  /** Every package of the image. */
  readonly packages: readonly PkglistRow[];
}
