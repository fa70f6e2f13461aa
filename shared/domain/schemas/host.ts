// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';
import { packageChange } from './package.ts';
import { checkState, finalizeFailure, signature } from './update.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);

/**
 * One honest bar: `fraction` is weighted over all steps and never goes back. Bytes and seconds are known from the start
 * of the download step or are missing; nothing is guessed from words.
 */
export const progress = z.object({
  /** Stable id of the running step: resolve, fetch, import, pull, deploy, ... */
  step: text,
  stepIndex: number,
  stepCount: number,
  /** 0..1 over the whole job. */
  fraction: number,
  bytesDone: number.optional(),
  bytesTotal: number.optional(),
  itemsDone: number.optional(),
  itemsTotal: number.optional(),
  bytesPerSecond: number.optional(),
  secondsLeft: number.optional(),
});
export interface Progress extends Infer<typeof progress> {}

const jobPhase = z.enum(['waiting', 'running', 'uninterruptible', 'succeeded', 'failed', 'cancelled']);
export type JobPhase = Infer<typeof jobPhase>;

/** A running or past job as the app and CLI see it. Times are Unix seconds. */
export const jobState = z.object({
  id: text,
  title: text,
  method: text,
  owner: text,
  startedAt: number,
  endedAt: number.optional(),
  phase: jobPhase,
  progress: progress.optional(),
  /** Last lines first to last, at most 200. */
  messages: texts,
  /** Of a job that succeeded: false when there was nothing to do. */
  changed: flag.optional(),
  error: errorReport.optional(),
});
export interface JobState extends Infer<typeof jobState> {}

/** A GVariant as JSON: 64-bit numbers beyond 2^53 as decimal text, byte strings as base64, dictionaries with text keys as objects, variants as MetaValue. */
const metaValue = z.object({ type: text, value: z.unknown() });
export interface MetaValue extends Infer<typeof metaValue> {}

/** Metadata of a commit by key. Tables that only updates read (`treeline.changes`, `treeline.history`, `ostree.sizes`) are left out. */
const commitMeta = z.record(text, metaValue);
export type CommitMeta = Infer<typeof commitMeta>;

/** What an origin asks for besides its source, key by key as rpm-ostree's `origin(5)` groups have it. Local packages are NEVRAs. */
const layering = z.object({
  packages: texts,
  localPackages: texts,
  localFileoverrides: texts,
  modules: texts,
  removals: texts,
  replacements: texts,
  localReplacements: texts,
  regenerateInitramfs: flag,
  initramfsArgs: texts,
  initramfsEtc: texts,
  cliwrap: flag,
  /** Keys of the same groups that this version doesn't know, as GROUP/KEY. */
  unknown: texts,
});
export interface Layering extends Infer<typeof layering> {}

/** The origin file of a deployment, with what is wrong about it instead of an exception (field reports 11, 12). */
const origin = z.object({
  refspec: text,
  remote: text,
  ref: text,
  containerImageReference: text.optional(),
  customUrl: text.optional(),
  customDescription: text.optional(),
  overrideCommit: text.optional(),
  unconfiguredState: text.optional(),
  layering,
  problem: z.enum(['missing', 'unreadable', 'no-ref', 'ambiguous', 'remote-missing']).optional(),
  /** What the library says is wrong with an unreadable one. */
  problemDetail: text.optional(),
});
export interface Origin extends Infer<typeof origin> {}

const clientLayer = z.object({
  /** The commit without the machine's own packages. Version and time are missing when it isn't in the repository any more. */
  base: z.object({ checksum: text, version: text.optional(), timestamp: number.optional() }),
  /** Requested packages that are in the layer. */
  packages: texts,
  modules: texts,
  meta: commitMeta,
});
export interface ClientLayer extends Infer<typeof clientLayer> {}

/** What was brought into the running system without a restart, which takes it away again. */
const liveChange = z.object({
  /** The commit that was applied last. Missing: none as a whole so far. */
  commit: text.optional(),
  /** The one that is being applied, or was when that was interrupted. */
  inProgress: text.optional(),
  /** How its packages differ from what was started. Missing: not told. */
  packages: z.array(packageChange).optional(),
});
export interface LiveChange extends Infer<typeof liveChange> {}

/** One bootable (or staged) tree of a sysroot. `id` is rpm-ostree's `OSNAME-CHECKSUM.SERIAL`. */
const deployment = z.object({
  id: text,
  osname: text,
  checksum: text,
  serial: number,
  bootChecksum: text,
  /** Place in the boot order; a staged deployment is 0. */
  index: number,
  booted: flag,
  staged: flag,
  pinned: flag,
  /** The one the machine goes back to: the first non-booted, non-pending after the booted one. */
  rollback: flag,
  finalizationLocked: flag,
  unlocked: z.enum(['none', 'development', 'hotfix', 'transient', 'unknown']),
  /** Missing: nothing. */
  live: liveChange.optional(),
  version: text,
  /** Commit time, Unix seconds. */
  timestamp: number,
  /** Time of deployment, Unix seconds (mtime of the deployment directory); 0 when unknown. */
  deployedAt: number,
  origin,
  signatures: z.array(signature),
  /** True if the remote of the origin demands verification. */
  verified: flag,
  /** Why nobody can tell what the remote demands; nothing is taken from it until that is mended. */
  remoteProblem: errorReport.optional(),
  /** Missing when the service doesn't tell them. */
  kernelArgs: texts.optional(),
  /** Keys of the boot loader entry (title, version, options, linux, initrd, ...). */
  bootConfig: z.record(text, text),
  /** Metadata of the commit; of a client layer: of the commit that it was made of. */
  baseMeta: commitMeta,
  /** What a client layer (rpm-ostree's word for a tree with packages of this machine) consists of. */
  layer: clientLayer.optional(),
  /** Whether the commit object could be read; false = damaged repository, everything but the ids is empty. */
  commitPresent: flag,
});
export interface Deployment extends Infer<typeof deployment> {}

const serviceInfo = z.object({
  /** 'rpm-ostree' = a stock daemon: what it lacks is explained; 'absent' = nobody answers; 'untrusted' = owner isn't root. */
  kind: z.enum(['treeline', 'rpm-ostree', 'absent', 'untrusted', 'restarting']),
  version: text,
  detail: text.optional(),
});
export interface ServiceInfo extends Infer<typeof serviceInfo> {}

/** What the service tells of the host. */
export const hostState = z.object({
  hostname: text,
  osname: text,
  /** PRETTY_NAME of the booted tree, '' if unknown. */
  prettyName: text,
  simulated: flag,
  /** Newest first: staged, then boot order. */
  deployments: z.array(deployment),
  check: checkState,
  finalizeFailure: finalizeFailure.optional(),
  /** Why the system can't be loaded as it is, and what mends it; deployments are what could be read all the same. Changes are refused. */
  problem: errorReport.optional(),
  automaticUpdatePolicy: text,
  /** The program that decides about updates here (`--register-driver`). */
  updateDriver: text.optional(),
  job: jobState.optional(),
  pastJobs: z.array(jobState),
});
export interface HostState extends Infer<typeof hostState> {}

/** Everything the window needs at once; afterwards it gets a new snapshot on each change and job events in between. */
export const hostSnapshot = hostState.extend({ service: serviceInfo });
export interface HostSnapshot extends Infer<typeof hostSnapshot> {}

/** Kernel arguments of one deployment that another one has not, both ways. */
const argChanges = z.object({ added: texts, removed: texts });
export interface ArgChanges extends Infer<typeof argChanges> {}

/** Something that nothing uses any more and that can't be removed. */
const notRemoved = z.object({ path: text, detail: text });
export interface NotRemoved extends Infer<typeof notRemoved> {}

/** One line of /var/lib/treeline/history.jsonl: what happened, when, by whom. Newest last in the file, newest first in lists. */
export const historyEntry = z.object({
  id: text,
  /** Unix seconds. */
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
    'initramfs',
    'initramfs-etc',
    'apply-live',
    'finalize-failed',
    'cancelled',
    'rebase',
    'repair-origin',
    'repair',
    'boot-once',
    'remote',
    'package-repo',
    'trust-key',
    'restore-etc',
    'restart',
  ]),
  result: z.enum(['ok', 'failed', 'cancelled']),
  by: z.object({ uid: number, name: text, client: text }),
  fromVersion: text.optional(),
  toVersion: text.optional(),
  checksum: text.optional(),
  deploymentId: text.optional(),
  /** What it was about: a remote or package repository, fingerprints of a key, a file of /etc, what was changed about the initramfs. */
  subject: text.optional(),
  /** How the kernel arguments differ from those before. */
  kernelArgs: argChanges.optional(),
  error: errorReport.optional(),
  /** What cleaning up afterwards left there: the change itself is made. */
  notRemoved: z.array(notRemoved).optional(),
});
export interface HistoryEntry extends Infer<typeof historyEntry> {}

/** Disk use in bytes. `exclusive` is what deleting the deployment alone would free; shared objects count once in `repo`. */
export const diskUse = z.object({
  /** Missing when it wasn't counted. */
  repoBytes: number.optional(),
  freeBytes: number,
  totalBytes: number,
  bootFreeBytes: number,
  bootTotalBytes: number,
  /** `exclusiveBytes` is missing when it isn't known. */
  deployments: z.array(z.object({ id: text, exclusiveBytes: number.optional(), bootBytes: number })),
});
export interface DiskUse extends Infer<typeof diskUse> {}

/** A restart that will happen at a time, unless somebody postpones or cancels it. */
export const scheduledRestart = z.object({
  /** Unix seconds. */
  at: number,
  by: text,
  /** Version that will be running afterwards, '' if nothing is staged. */
  version: text,
  postponed: number,
});
export interface ScheduledRestart extends Infer<typeof scheduledRestart> {}

/** What stands against a restart now (logind inhibitors, other people's sessions). */
export const restartBlocker = z.object({
  kind: z.enum(['inhibitor', 'session']),
  who: text,
  why: text,
  /** False: it only delays. */
  blocks: flag,
});
export interface RestartBlocker extends Infer<typeof restartBlocker> {}

/** Said once after the first start of a new version. */
export const whatsNew = z.object({ fromVersion: text, toVersion: text, checksum: text, at: number });
export interface WhatsNew extends Infer<typeof whatsNew> {}
