// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import type { Infer } from './infer.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);

const etcSide = z.enum(['unchanged', 'added', 'modified', 'removed']);
/** What one side did to a file of /etc, against the vendor's default of the running system. */
export type EtcSide = Infer<typeof etcSide>;
const fileType = z.enum(['file', 'directory', 'symlink', 'other']);
export type FileType = Infer<typeof fileType>;

const etcProblem = z.enum(['blocks', 'not-kept', 'through-link']);
/**
 * `blocks`: the merge fails here (a file of yours where the new tree has a directory, or the reverse; a pipe or socket in a directory of yours), so the update couldn't take. `not-kept`: your
 * change is lost (only the mode or owner of a directory, a socket, files of a directory that replaced a file). `through-link`: the new tree has
 * a link where your directory was; your file is written to where it leads.
 */
export type EtcProblem = Infer<typeof etcProblem>;

/**
 * One path of /etc that the merge at shutdown will touch or has to decide about (ostree's three-way merge works by whole files: what was
 * changed here stays, everything else is the new vendor's).
 */
const etcEntry = z.object({
  /** Relative to /etc, without a leading slash. */
  path: text,
  type: fileType,
  vendor: etcSide,
  yours: etcSide,
  /** `both-same`: both sides made the same change. */
  kind: z.enum(['vendor-applied', 'yours-kept', 'both-changed', 'both-same']),
  /** Which side stands in the new deployment. */
  outcome: z.enum(['vendor', 'yours']),
  /** What ostree's merge gets wrong here, worth a warning. */
  problem: etcProblem.optional(),
});
export interface EtcEntry extends Infer<typeof etcEntry> {}

export const etcPreview = z.object({
  /** Deployment whose /etc is merged from. */
  fromId: text,
  toChecksum: text,
  /** False when the new tree's /usr/etc isn't here yet: `review.fetch` gets it, about `fetchBytes` of it (which files are below /usr/etc isn't known before). */
  available: flag,
  fetchBytes: number.optional(),
  /** Sorted by path; unchanged ones are left out. */
  entries: z.array(etcEntry),
  /** How many more there are, in directories that only root may list; missing = none. */
  hiddenCount: number.optional(),
});
export interface EtcPreview extends Infer<typeof etcPreview> {}

/** One version of a file. `text` only for regular files of valid UTF-8 up to 512 KiB. */
const fileSide = z.object({
  exists: flag,
  type: fileType.optional(),
  sizeBytes: number.optional(),
  /** Permission bits, e.g. 0o644. */
  mode: number.optional(),
  linkTarget: text.optional(),
  text: text.optional(),
  /** Why there is no text. `unreadable`, too, where not everybody may read the file. */
  noText: z.enum(['binary', 'too-large', 'unreadable']).optional(),
});
export interface FileSide extends Infer<typeof fileSide> {}

/** A file of /etc three ways: the running system's default, yours, the new default. */
export const etcFile = z.object({ path: text, base: fileSide, yours: fileSide, vendor: fileSide });
export interface EtcFile extends Infer<typeof etcFile> {}

/** Something of /etc that isn't as the deployment brings it. */
const etcDifference = z.object({
  /** Relative to /etc, without a leading slash. */
  path: text,
  type: fileType,
  /** `removed`: with all that was below it. */
  kind: z.enum(['added', 'modified', 'removed']),
  /** Accounts, disks, identity: what its default knows nothing of, and isn't put in its place. */
  machinesOwn: flag.optional(),
});
export interface EtcDifference extends Infer<typeof etcDifference> {}

/** How /etc differs from its defaults in the deployment that runs (else the one that would start next). */
export const etcDrift = z.object({
  deploymentId: text,
  /** Sorted by path. */
  entries: z.array(etcDifference),
  /** How many more there are, in directories that only root may list; missing = none. */
  hiddenCount: number.optional(),
});
export interface EtcDrift extends Infer<typeof etcDrift> {}

/** A file of /etc beside its default, and the one of the version that starts next where that is another. */
export const etcOwnFile = z.object({
  path: text,
  base: fileSide,
  yours: fileSide,
  next: z.object({ version: text, side: fileSide }).optional(),
});
export interface EtcOwnFile extends Infer<typeof etcOwnFile> {}

/** `savedAs`: where what was there before is now, relative to /etc; missing where there was nothing to keep. */
export const etcRestored = z.object({ changed: flag, savedAs: text.optional() });
export interface EtcRestored extends Infer<typeof etcRestored> {}

const treeChange = z.object({
  /** Absolute path in the tree, e.g. /usr/bin/x. */
  path: text,
  kind: z.enum(['added', 'removed', 'modified']),
  type: fileType,
  fromSizeBytes: number.optional(),
  toSizeBytes: number.optional(),
});
export interface TreeChange extends Infer<typeof treeChange> {}

export const treeDiff = z.object({
  fromChecksum: text,
  toChecksum: text,
  /** Sorted by path, at most the asked-for number. */
  changes: z.array(treeChange),
  total: number,
});
export interface TreeDiff extends Infer<typeof treeDiff> {}

export const treeFile = z.object({ path: text, from: fileSide, to: fileSide });
export interface TreeFile extends Infer<typeof treeFile> {}

/** Everything beside packages that an update changes. */
export const reviewSummary = z.object({
  fromId: text,
  fromVersion: text,
  toChecksum: text,
  toVersion: text,
  staged: flag,
  /** The new tree's list of boot files isn't here yet (`review.fetch` gets it): `initramfs` and `boot` say nothing of it, `kernel.to` may be ''. */
  partial: flag.optional(),
  kernel: z.object({ from: text, to: text }),
  initramfs: z.object({ changed: flag, fromBytes: number, toBytes: number }),
  kernelArgs: z.object({ current: texts, next: texts, added: texts, removed: texts }),
  boot: z.object({ needBytes: number, freeBytes: number }),
  /** The deployment one can go back to afterwards, '' for none. */
  backTo: z.object({ id: text, version: text }),
});
export interface ReviewSummary extends Infer<typeof reviewSummary> {}
