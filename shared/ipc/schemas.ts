// SPDX-License-Identifier: LGPL-2.1-or-later
import { z } from 'zod';
import type {
  Advisory,
  AvailableUpdate,
  ChangelogEntry,
  CheckState,
  ClientLayer,
  Deployment,
  DiskUse,
  HistoryEntry,
  HostSnapshot,
  JobState,
  Layering,
  Package,
  PackageChange,
  Progress,
  Signature,
  UpdateDetails,
  UpdateSizes,
} from '../domain/index.ts';
import { errorTable, type ErrorCode, type ErrorReport } from '../errors/index.ts';

/** One validator per key of T, optional ones included: a key added to the domain without a validator is a type error here. */
type Shape<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };

export function object<T>(shape: Shape<T>): z.ZodType<T> {
  return z.object(shape) as unknown as z.ZodType<T>;
}

const text = z.string();
const number = z.number();
const flag = z.boolean();
const strings = z.array(text);

export const errorReport = object<ErrorReport>({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(errorTable, code)),
  subject: text.optional(),
  detail: text.optional(),
  file: text.optional(),
  line: number.optional(),
  column: number.optional(),
  key: text.optional(),
  facts: z.record(text, z.union([text, number])).optional(),
});

const severity = z.enum(['critical', 'important', 'moderate', 'low', 'none']);

const signature = object<Signature>({
  type: z.enum(['gpg', 'ed25519']),
  valid: flag,
  keyId: text,
  fingerprint: text,
  userName: text.optional(),
  userEmail: text.optional(),
  timeSeconds: number.optional(),
  gpg: z
    .object({
      signingFingerprint: text,
      expiresSeconds: number,
      keyAlgorithm: text,
      hashAlgorithm: text,
      keyExpiresSeconds: number,
      primaryKeyExpiresSeconds: number,
    })
    .optional(),
  keyMissing: flag,
  keyExpired: flag,
  keyRevoked: flag,
  signatureExpired: flag,
});

const pkg = object<Package>({ epoch: number, version: text, release: text, name: text, arch: text });
const changelogEntry = object<ChangelogEntry>({ timeSeconds: number, author: text, text });

export const packageChange = object<PackageChange>({
  kind: z.enum(['upgraded', 'downgraded', 'added', 'removed']),
  name: text,
  arch: text,
  from: pkg.optional(),
  to: pkg.optional(),
  summary: text.optional(),
  sizeDeltaBytes: number.optional(),
  changelog: z.array(changelogEntry).optional(),
  advisories: strings.optional(),
});

export const advisory = object<Advisory>({
  id: text,
  kind: z.enum(['security', 'bugfix', 'enhancement', 'newpackage', 'unknown']),
  severity,
  title: text,
  description: text,
  issuedSeconds: number,
  references: z.array(z.object({ kind: z.enum(['cve', 'bugzilla', 'other']), id: text, title: text, url: text })),
  packages: strings,
});

const sizes = object<UpdateSizes>({
  downloadBytes: number,
  downloadExact: flag,
  downloadObjects: number,
  diskBytes: number,
  installedDeltaBytes: number.optional(),
  freeBytes: number,
});

export const updateDetails = object<UpdateDetails>({
  fromChecksum: text,
  fromVersion: text,
  toChecksum: text,
  toVersion: text,
  toTimeSeconds: number,
  packages: z.array(packageChange),
  advisories: z.array(advisory),
  releases: z.array(z.object({ version: text, checksum: text, timeSeconds: number, packageCount: number.optional() })),
  sizes: sizes.optional(),
  signatures: z.array(signature),
  notTold: z.array(z.enum(['advisories', 'changelogs', 'signatures'])).optional(),
  source: z.enum(['treeline.changes', 'pkglist', 'rpmdb', 'none']),
  rpmdbBytes: number.optional(),
});

const availableUpdate = object<AvailableUpdate>({
  checksum: text,
  version: text,
  timestamp: number,
  refspec: text,
  counts: z.object({ upgraded: number, downgraded: number, added: number, removed: number }).optional(),
  security: z.object({ count: number, worst: severity }).optional(),
  sizes: sizes.optional(),
  signatures: z.array(signature).optional(),
  rolledBackFrom: flag,
});

const check: z.ZodType<CheckState> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('never') }),
  z.object({ kind: z.literal('blocked'), losses: z.array(z.object({ key: text, values: strings })), error: errorReport }),
  z.object({
    kind: z.literal('up-to-date'),
    checkedAt: number,
    wentBack: z.object({ checksum: text, version: text, timestamp: number }).optional(),
    staleList: z.literal(true).optional(),
  }),
  z.object({ kind: z.literal('available'), checkedAt: number.optional(), update: availableUpdate }),
  z.object({ kind: z.literal('failed'), failedAt: number, since: number, error: errorReport, last: availableUpdate.optional() }),
]);

const progress = object<Progress>({
  step: text,
  stepIndex: number,
  stepCount: number,
  fraction: number,
  bytesDone: number.optional(),
  bytesTotal: number.optional(),
  itemsDone: number.optional(),
  itemsTotal: number.optional(),
  bytesPerSecond: number.optional(),
  secondsLeft: number.optional(),
});

export const jobState = object<JobState>({
  id: text,
  title: text,
  method: text,
  owner: text,
  startedAt: number,
  endedAt: number.optional(),
  phase: z.enum(['waiting', 'running', 'uninterruptible', 'succeeded', 'failed', 'cancelled']),
  progress: progress.optional(),
  messages: strings,
  changed: z.boolean().optional(),
  error: errorReport.optional(),
});

const commitMeta = z.record(text, z.object({ type: text, value: z.unknown() }));

const deployment = object<Deployment>({
  id: text,
  osname: text,
  checksum: text,
  serial: number,
  bootChecksum: text,
  index: number,
  booted: flag,
  staged: flag,
  pinned: flag,
  rollback: flag,
  finalizationLocked: flag,
  unlocked: z.enum(['none', 'development', 'hotfix', 'transient', 'unknown']),
  version: text,
  timestamp: number,
  deployedAt: number,
  origin: object<Deployment['origin']>({
    refspec: text,
    remote: text,
    ref: text,
    containerImageReference: text.optional(),
    customUrl: text.optional(),
    customDescription: text.optional(),
    overrideCommit: text.optional(),
    unconfiguredState: text.optional(),
    layering: object<Layering>({
      packages: strings,
      localPackages: strings,
      localFileoverrides: strings,
      modules: strings,
      removals: strings,
      replacements: strings,
      localReplacements: strings,
      regenerateInitramfs: flag,
      initramfsArgs: strings,
      initramfsEtc: strings,
      cliwrap: flag,
      unknown: strings,
    }),
    problem: z.enum(['missing', 'unreadable', 'no-ref', 'ambiguous', 'remote-missing']).optional(),
    problemDetail: text.optional(),
  }),
  signatures: z.array(signature),
  verified: flag,
  remoteProblem: errorReport.optional(),
  kernelArgs: strings.optional(),
  bootConfig: z.record(text, text),
  baseMeta: commitMeta,
  layer: object<ClientLayer>({
    base: z.object({ checksum: text, version: text.optional(), timestamp: number.optional() }),
    packages: strings,
    modules: strings,
    meta: commitMeta,
  }).optional(),
  commitPresent: flag,
});

export const hostSnapshot = object<HostSnapshot>({
  service: object<HostSnapshot['service']>({
    kind: z.enum(['treeline', 'rpm-ostree', 'absent', 'untrusted', 'restarting']),
    version: text,
    detail: text.optional(),
  }),
  hostname: text,
  osname: text,
  prettyName: text,
  simulated: flag,
  deployments: z.array(deployment),
  check,
  finalizeFailure: object<NonNullable<HostSnapshot['finalizeFailure']>>({ at: number, text, version: text }).optional(),
  problem: errorReport.optional(),
  automaticUpdatePolicy: text,
  updateDriver: text.optional(),
  job: jobState.optional(),
  pastJobs: z.array(jobState),
});

export const historyEntry = object<HistoryEntry>({
  id: text,
  at: number,
  action: z.enum([
    'stage',
    'deploy',
    'finalized',
    'boot',
    'rollback',
    'pin',
    'unpin',
    'undeploy',
    'cleanup',
    'kargs',
    'finalize-failed',
    'cancelled',
    'rebase',
    'repair-origin',
    'repair',
    'boot-once',
    'remote',
    'trust-key',
    'restart',
  ]),
  result: z.enum(['ok', 'failed', 'cancelled']),
  by: z.object({ uid: number, name: text, client: text }),
  fromVersion: text.optional(),
  toVersion: text.optional(),
  checksum: text.optional(),
  deploymentId: text.optional(),
  subject: text.optional(),
  kernelArgs: z.object({ added: strings, removed: strings }).optional(),
  error: errorReport.optional(),
  notRemoved: z.array(z.object({ path: text, detail: text })).optional(),
});

export const diskUse = object<DiskUse>({
  repoBytes: number.optional(),
  freeBytes: number,
  totalBytes: number,
  bootFreeBytes: number,
  bootTotalBytes: number,
  deployments: z.array(z.object({ id: text, exclusiveBytes: number, bootBytes: number })),
});
