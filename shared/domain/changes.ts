// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Advisory } from './advisory.ts';
import type { PackageChange } from './package.ts';

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

/** What an update holds, always relative to the booted deployment: the releases in between, merged, plus each one alone. */
export interface UpdateDetails {
  readonly fromChecksum: string;
  readonly fromVersion: string;
  readonly toChecksum: string;
  readonly toVersion: string;
  readonly toTimeSeconds: number;
  /** Net changes booted -> new, sorted by name. */
  readonly packages: readonly PackageChange[];
  readonly advisories: readonly Advisory[];
  /** Newest first. */
  readonly releases: readonly {
    readonly version: string;
    readonly checksum: string;
    readonly timeSeconds: number;
    /** Missing when the commit doesn't tell what it changes. */
    readonly packageCount?: number;
  }[];
  /** Missing when the service doesn't tell. */
  readonly sizes?: UpdateSizes;
  readonly signatures: readonly Signature[];
  /** What the service doesn't tell: of these an empty list says nothing. */
  readonly notTold?: readonly ('advisories' | 'changelogs' | 'signatures')[];
  /** Where the list came from: commit metadata with changelogs, or only package names and versions. */
  readonly source: 'treeline.changes' | 'pkglist' | 'rpmdb' | 'none';
  /** Changelogs can be had by fetching the new tree's RPM database (`fetchRpmdb`): about this much, judged by the booted one's. */
  readonly rpmdbBytes?: number;
}

/** With `downloadExact` false and `downloadBytes` zero, neither download nor disk are known. */
export interface UpdateSizes {
  /** Bytes over the network still to fetch. */
  readonly downloadBytes: number;
  /** False when estimated, or (zero) when the commit tells no sizes. */
  readonly downloadExact: boolean;
  readonly downloadObjects: number;
  /** Bytes the new content takes in the repository. */
  readonly diskBytes: number;
  /** Missing when the publisher doesn't tell. */
  readonly installedDeltaBytes?: number;
  readonly freeBytes: number;
}

/** One verified or failed signature of a commit; the fields of ostree_gpg_verify_result_get, plus ed25519. */
export interface GpgFacts {
  /** Of the key that signed, which may be a subkey. */
  readonly signingFingerprint: string;
  readonly expiresSeconds: number;
  readonly keyAlgorithm: string;
  readonly hashAlgorithm: string;
  readonly keyExpiresSeconds: number;
  readonly primaryKeyExpiresSeconds: number;
}

export interface Signature {
  readonly type: 'gpg' | 'ed25519';
  readonly valid: boolean;
  readonly keyId: string;
  readonly fingerprint: string;
  readonly userName?: string;
  readonly userEmail?: string;
  readonly timeSeconds?: number;
  /** GPG's own words and times, as ostree_gpg_verify_result_get_all has them; Unix seconds, 0 for never. */
  readonly gpg?: GpgFacts;
  readonly keyMissing: boolean;
  readonly keyExpired: boolean;
  readonly keyRevoked: boolean;
  readonly signatureExpired: boolean;
}
