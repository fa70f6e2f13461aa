// SPDX-License-Identifier: LGPL-2.1-or-later
/** Epoch, version and release of an RPM, kept apart on purpose: comparing them as one string is wrong (rpm-version(7)). */
export interface Evr {
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
}

/** One installed or available binary package. */
export interface Package extends Evr {
  readonly name: string;
  readonly arch: string;
}

/** The sum, or undefined when one of the summands isn't known. */
export function sumIfKnown(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce((sum, value) => (sum === undefined || value === undefined ? undefined : sum + value), 0);
}

/** A package as the database of a commit describes it. `installedSizeBytes` is RPM's SIZE tag. */
export interface PackageDetails extends Package {
  readonly summary?: string;
  readonly sourceRpm?: string;
  readonly license?: string;
  readonly installedSizeBytes?: number;
  readonly buildTimeSeconds?: number;
}

/** One %changelog entry. `timeSeconds` is Unix time (RPM dates entries at noon UTC); `text` is untrusted plain text. */
export interface ChangelogEntry {
  readonly timeSeconds: number;
  readonly author: string;
  readonly text: string;
}

export type ChangeKind = 'upgraded' | 'downgraded' | 'added' | 'removed';

/** A package that differs between two trees. `from` is missing for added ones, `to` for removed ones. */
export interface PackageChange {
  readonly kind: ChangeKind;
  readonly name: string;
  readonly arch: string;
  readonly from?: Package;
  readonly to?: Package;
  readonly summary?: string;
  /** Change of the installed size in bytes, when both sides are known. */
  readonly sizeDeltaBytes?: number;
  /** Only entries newer than those of `from`, newest first. Empty for removed packages. */
  readonly changelog?: readonly ChangelogEntry[];
  /** Ids of advisories that touch this change. */
  readonly advisories?: readonly string[];
}
