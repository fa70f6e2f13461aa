// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';
import { imageUpdate } from './image.ts';
import { advisory, changeCounts, packageChange, severity } from './package.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);

/** GPG's own words and times, as ostree_gpg_verify_result_get_all has them; Unix seconds, 0 for never. */
const gpgFacts = z.object({
  /** Of the key that signed, which may be a subkey. */
  signingFingerprint: text,
  expiresSeconds: number,
  keyAlgorithm: text,
  hashAlgorithm: text,
  keyExpiresSeconds: number,
  primaryKeyExpiresSeconds: number,
});
export interface GpgFacts extends Infer<typeof gpgFacts> {}

/** One verified or failed signature of a commit; the fields of ostree_gpg_verify_result_get, plus ed25519. */
export const signature = z.object({
  type: z.enum(['gpg', 'ed25519']),
  valid: flag,
  keyId: text,
  fingerprint: text,
  userName: text.optional(),
  userEmail: text.optional(),
  timeSeconds: number.optional(),
  gpg: gpgFacts.optional(),
  keyMissing: flag,
  keyExpired: flag,
  keyRevoked: flag,
  signatureExpired: flag,
});
export interface Signature extends Infer<typeof signature> {}

/** With `downloadExact` false and `downloadBytes` zero, neither download nor disk are known. */
const updateSizes = z.object({
  /** Bytes over the network still to fetch. */
  downloadBytes: number,
  /** False when estimated, or (zero) when the commit tells no sizes. */
  downloadExact: flag,
  downloadObjects: number,
  /** Bytes the new content takes in the repository. */
  diskBytes: number,
  /** Missing when the publisher doesn't tell. */
  installedDeltaBytes: number.optional(),
  freeBytes: number,
});
export interface UpdateSizes extends Infer<typeof updateSizes> {}

/** What an update holds, always relative to the booted deployment: the releases in between, merged, plus each one alone. */
export const updateDetails = z.object({
  fromChecksum: text,
  fromVersion: text,
  toChecksum: text,
  toVersion: text,
  toTimeSeconds: number,
  /** Net changes booted -> new, sorted by name. */
  packages: z.array(packageChange),
  advisories: z.array(advisory),
  /** Newest first. `packageCount` is missing when the commit doesn't tell what it changes. */
  releases: z.array(z.object({ version: text, checksum: text, timeSeconds: number, packageCount: number.optional() })),
  /** Missing when the service doesn't tell. */
  sizes: updateSizes.optional(),
  signatures: z.array(signature),
  /** What the service doesn't tell: of these an empty list says nothing. */
  notTold: z.array(z.enum(['advisories', 'changelogs', 'signatures'])).optional(),
  /**
   * Where the list came from: commit metadata with changelogs, or only package names and versions. `sbom`, `rechunk` and `layers` are of container images: see
   * `image.tier`, `image.cannotKnow`.
   */
  source: z.enum(['treeline.changes', 'pkglist', 'rpmdb', 'sbom', 'rechunk', 'layers', 'none']),
  /** Of a system that comes as a container image. `toChecksum` is then the commit that stands for the image where that is here, else the 64 digits of the image's digest. */
  image: imageUpdate.optional(),
  /** Changelogs can be had by fetching the new tree's RPM database (`fetchRpmdb`): about this much, judged by the booted one's. */
  rpmdbBytes: number.optional(),
});
export interface UpdateDetails extends Infer<typeof updateDetails> {}

/** `timestamp`: Unix seconds, 0 if unknown. */
const offeredVersion = z.object({ checksum: text, version: text, timestamp: number });
export interface OfferedVersion extends Infer<typeof offeredVersion> {}

const availableUpdate = z.object({
  checksum: text,
  version: text,
  timestamp: number,
  refspec: text,
  /** This and what follows as optional: missing when the service doesn't tell. */
  counts: changeCounts.optional(),
  security: z.object({ count: number, worst: severity }).optional(),
  sizes: updateSizes.optional(),
  signatures: z.array(signature).optional(),
  /** True if this version was rolled back from before: not offered again without asking (field report 24). */
  rolledBackFrom: flag,
});
export interface AvailableUpdate extends Infer<typeof availableUpdate> {}

/** One key of an origin whose effect a newly fetched tree wouldn't have. */
const originLoss = z.object({
  /** `[packages] requested`, as it stands in the file. */
  key: text,
  /** Packages, files, arguments; empty for a mere switch. */
  values: texts,
});
export interface OriginLoss extends Infer<typeof originLoss> {}

/** What the last check found. States never mix: a failed or an impossible check is not "up to date" (field report 8). */
export const checkState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('never') }),
  /** Nothing is asked: whatever there is can't be taken, because the named parts of the system would be lost with it. */
  z.object({ kind: z.literal('blocked'), losses: z.array(originLoss), error: errorReport }),
  z.object({
    kind: z.literal('up-to-date'),
    checkedAt: number,
    /** The source offers an older version than what is here, which isn't taken unasked. */
    wentBack: offeredVersion.optional(),
    /** The source's signed list of branches, which counts, is older than the branch itself. */
    staleList: z.literal(true).optional(),
  }),
  /** `checkedAt`: missing when the service doesn't tell. */
  z.object({ kind: z.literal('available'), checkedAt: number.optional(), update: availableUpdate }),
  z.object({
    kind: z.literal('failed'),
    /** When the failing attempt ran. */
    failedAt: number,
    /** The last time a check succeeded, 0 = never. */
    since: number,
    error: errorReport,
    /** What an earlier successful check had found, still worth showing. */
    last: availableUpdate.optional(),
  }),
]);
export type CheckState = Infer<typeof checkState>;

/** A finalization that failed at the last shutdown; shown until solved (field report 9). */
export const finalizeFailure = z.object({ at: number, text, version: text });
export interface FinalizeFailure extends Infer<typeof finalizeFailure> {}
