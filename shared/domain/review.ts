// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Advisory } from './advisory.ts';
import type { PackageChange } from './package.ts';

/** What one side did to a file of /etc, against the vendor's default of the running system. */
export type EtcSide = 'unchanged' | 'added' | 'modified' | 'removed';
export type FileType = 'file' | 'directory' | 'symlink' | 'other';

/**
 * One path of /etc that the merge at shutdown will touch or has to decide about (ostree's three-way merge works by whole files: what was
 * changed here stays, everything else is the new vendor's).
 */
export interface EtcEntry {
  /** Relative to /etc, without a leading slash. */
  readonly path: string;
  readonly type: FileType;
  readonly vendor: EtcSide;
  readonly yours: EtcSide;
  /** `both-same`: both sides made the same change. */
  readonly kind: 'vendor-applied' | 'yours-kept' | 'both-changed' | 'both-same';
  /** Which side stands in the new deployment. */
  readonly outcome: 'vendor' | 'yours';
  /** What ostree's merge gets wrong here, worth a warning. */
  readonly problem?: EtcProblem;
}

/**
 * `blocks`: the merge fails here (a file of yours where the new tree has a directory, or the reverse; a pipe or socket in a directory of yours), so the update couldn't take. `not-kept`: your
 * change is lost (only the mode or owner of a directory, a socket, files of a directory that replaced a file). `through-link`: the new tree has
 * a link where your directory was; your file is written to where it leads.
 */
export type EtcProblem = 'blocks' | 'not-kept' | 'through-link';

export interface EtcPreview {
  /** Deployment whose /etc is merged from. */
  readonly fromId: string;
  readonly toChecksum: string;
  /** False when the new tree's /usr/etc isn't here yet: `review.fetch` gets it, about `fetchBytes` of it (which files are below /usr/etc isn't known before). */
  readonly available: boolean;
  readonly fetchBytes?: number;
  /** Sorted by path; unchanged ones are left out. */
  readonly entries: readonly EtcEntry[];
  /** How many more there are, in directories that only root may list; missing = none. */
  readonly hiddenCount?: number;
}

/** One version of a file. `text` only for regular files of valid UTF-8 up to 512 KiB. */
export interface FileSide {
  readonly exists: boolean;
  readonly type?: FileType;
  readonly sizeBytes?: number;
  /** Permission bits, e.g. 0o644. */
  readonly mode?: number;
  readonly linkTarget?: string;
  readonly text?: string;
  /** Why there is no text. `unreadable`, too, where not everybody may read the file. */
  readonly noText?: 'binary' | 'too-large' | 'unreadable';
}

/** A file of /etc three ways: the running system's default, yours, the new default. */
export interface EtcFile {
  readonly path: string;
  readonly base: FileSide;
  readonly yours: FileSide;
  readonly vendor: FileSide;
}

export interface TreeChange {
  /** Absolute path in the tree, e.g. /usr/bin/x. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'modified';
  readonly type: FileType;
  readonly fromSizeBytes?: number;
  readonly toSizeBytes?: number;
}

export interface TreeDiff {
  readonly fromChecksum: string;
  readonly toChecksum: string;
  /** Sorted by path, at most the asked-for number. */
  readonly changes: readonly TreeChange[];
  readonly total: number;
}

export interface TreeFile {
  readonly path: string;
  readonly from: FileSide;
  readonly to: FileSide;
}

/** Everything beside packages that an update changes. */
export interface ReviewSummary {
  readonly fromId: string;
  readonly fromVersion: string;
  readonly toChecksum: string;
  readonly toVersion: string;
  readonly staged: boolean;
  /** The new tree's list of boot files isn't here yet (`review.fetch` gets it): `initramfs` and `boot` say nothing of it, `kernel.to` may be ''. */
  readonly partial?: boolean;
  readonly kernel: { readonly from: string; readonly to: string };
  readonly initramfs: { readonly changed: boolean; readonly fromBytes: number; readonly toBytes: number };
  readonly kernelArgs: {
    readonly current: readonly string[];
    readonly next: readonly string[];
    readonly added: readonly string[];
    readonly removed: readonly string[];
  };
  readonly boot: { readonly needBytes: number; readonly freeBytes: number };
  /** The deployment one can go back to afterwards, '' for none. */
  readonly backTo: { readonly id: string; readonly version: string };
}

/** What changed between two deployments. */
export interface PackageComparison {
  readonly packages: readonly PackageChange[];
  /** Those that the newer one brings, as its commit tells; of a stock daemon none. */
  readonly advisories: readonly Advisory[];
}
