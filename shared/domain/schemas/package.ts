// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import type { Infer } from './infer.ts';

const text = z.string();
const number = z.number();

const evr = { epoch: number, version: text, release: text };

/** Epoch, version and release of an RPM, kept apart on purpose: comparing them as one string is wrong (rpm-version(7)). */
export const evrSchema = z.object(evr);
export interface Evr extends Infer<typeof evrSchema> {}

/** One installed or available binary package. */
export const packageSchema = z.object({ ...evr, name: text, arch: text });
export interface Package extends Infer<typeof packageSchema> {}

/** A package as the database of a commit describes it. */
export const packageDetails = packageSchema.extend({
  summary: text.optional(),
  sourceRpm: text.optional(),
  license: text.optional(),
  /** RPM's SIZE tag. */
  installedSizeBytes: number.optional(),
  buildTimeSeconds: number.optional(),
});
export interface PackageDetails extends Infer<typeof packageDetails> {}

/** One %changelog entry. `timeSeconds` is Unix time (RPM dates entries at noon UTC); `text` is untrusted plain text. */
export const changelogEntry = z.object({ timeSeconds: number, author: text, text });
export interface ChangelogEntry extends Infer<typeof changelogEntry> {}

const changeKind = z.enum(['upgraded', 'downgraded', 'added', 'removed']);
export type ChangeKind = Infer<typeof changeKind>;

/** A package that differs between two trees. `from` is missing for added ones, `to` for removed ones. */
export const packageChange = z.object({
  kind: changeKind,
  name: text,
  arch: text,
  from: packageSchema.optional(),
  to: packageSchema.optional(),
  summary: text.optional(),
  /** Change of the installed size in bytes, when both sides are known. */
  sizeDeltaBytes: number.optional(),
  /** Only entries newer than those of `from`, newest first. Empty for removed packages. */
  changelog: z.array(changelogEntry).optional(),
  /** Ids of advisories that touch this change. */
  advisories: z.array(text).optional(),
});
export interface PackageChange extends Infer<typeof packageChange> {}

export const changeCounts = z.object({ upgraded: number, downgraded: number, added: number, removed: number });

export const severity = z.enum(['critical', 'important', 'moderate', 'low', 'none']);
export type Severity = Infer<typeof severity>;
const advisoryKind = z.enum(['security', 'bugfix', 'enhancement', 'newpackage', 'unknown']);
export type AdvisoryKind = Infer<typeof advisoryKind>;

/** An advisory from a repository's updateinfo. `description` and `title` are untrusted plain text. */
export const advisory = z.object({
  id: text,
  kind: advisoryKind,
  severity,
  title: text,
  description: text,
  issuedSeconds: number,
  references: z.array(z.object({ kind: z.enum(['cve', 'bugzilla', 'other']), id: text, title: text, url: text })),
  /** `name-[epoch:]version-release.arch` of each package the advisory ships. */
  packages: z.array(text),
});
export interface Advisory extends Infer<typeof advisory> {}

/** What changed between two deployments. */
export const packageComparison = z.object({
  packages: z.array(packageChange),
  /** Those that the newer one brings, as its commit tells; of a stock daemon none. */
  advisories: z.array(advisory),
});
export interface PackageComparison extends Infer<typeof packageComparison> {}
