// SPDX-License-Identifier: LGPL-2.1-or-later
import { z } from 'zod';
import type {
  EtcEntry,
  EtcFile,
  EtcPreview,
  FileSide,
  Medium,
  Remote,
  RemoteKey,
  RemoteRef,
  RemoteVersion,
  RestartBlocker,
  ReviewSummary,
  ScheduledRestart,
  TreeChange,
  TreeDiff,
  TreeFile,
  WhatsNew,
} from '../domain/index.ts';
import { errorReport, object } from './schemas.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const strings = z.array(text);
const fileType = z.enum(['file', 'directory', 'symlink', 'other']);
const etcSide = z.enum(['unchanged', 'added', 'modified', 'removed']);

export const etcPreview = object<EtcPreview>({
  fromId: text,
  toChecksum: text,
  available: flag,
  fetchBytes: number.optional(),
  hiddenCount: number.optional(),
  entries: z.array(
    object<EtcEntry>({
      path: text,
      type: fileType,
      vendor: etcSide,
      yours: etcSide,
      kind: z.enum(['vendor-applied', 'yours-kept', 'both-changed', 'both-same']),
      outcome: z.enum(['vendor', 'yours']),
      problem: z.enum(['blocks', 'not-kept', 'through-link']).optional(),
    }),
  ),
});

const fileSide = object<FileSide>({
  exists: flag,
  type: fileType.optional(),
  sizeBytes: number.optional(),
  mode: number.optional(),
  linkTarget: text.optional(),
  text: text.optional(),
  noText: z.enum(['binary', 'too-large', 'unreadable']).optional(),
});

export const etcFile = object<EtcFile>({ path: text, base: fileSide, yours: fileSide, vendor: fileSide });
export const treeFile = object<TreeFile>({ path: text, from: fileSide, to: fileSide });

export const treeDiff = object<TreeDiff>({
  fromChecksum: text,
  toChecksum: text,
  changes: z.array(
    object<TreeChange>({
      path: text,
      kind: z.enum(['added', 'removed', 'modified']),
      type: fileType,
      fromSizeBytes: number.optional(),
      toSizeBytes: number.optional(),
    }),
  ),
  total: number,
});

export const reviewSummary = object<ReviewSummary>({
  fromId: text,
  fromVersion: text,
  toChecksum: text,
  toVersion: text,
  staged: flag,
  partial: flag.optional(),
  kernel: z.object({ from: text, to: text }),
  initramfs: z.object({ changed: flag, fromBytes: number, toBytes: number }),
  kernelArgs: z.object({ current: strings, next: strings, added: strings, removed: strings }),
  boot: z.object({ needBytes: number, freeBytes: number }),
  backTo: z.object({ id: text, version: text }),
});

export const remoteKey = object<RemoteKey>({
  type: z.enum(['gpg', 'ed25519']),
  fingerprint: text,
  userIds: strings,
  createdAt: number.optional(),
  expiresAt: number.optional(),
  expired: flag,
  revoked: flag,
});

export const remote = object<Remote>({
  name: text,
  url: text,
  gpgVerify: flag,
  signVerify: flag,
  problem: errorReport.optional(),
  keys: z.array(remoteKey),
  usedBy: strings,
  file: text,
});

export const remoteRef = object<RemoteRef>({
  ref: text,
  checksum: text,
  version: text,
  timestamp: number,
  current: flag,
  related: flag,
});

export const remoteVersion = object<RemoteVersion>({ checksum: text, version: text, timestamp: number, deployed: flag });

export const medium = object<Medium>({
  path: text,
  kind: z.enum(['repo', 'delta']),
  label: text,
  refs: z.array(z.object({ ref: text, checksum: text, version: text, timestamp: number })),
  updates: flag,
});

export const scheduledRestart = object<ScheduledRestart>({ at: number, by: text, version: text, postponed: number });
export const restartBlocker = object<RestartBlocker>({ kind: z.enum(['inhibitor', 'session']), who: text, why: text, blocks: flag });
export const whatsNew = object<WhatsNew>({ fromVersion: text, toVersion: text, checksum: text, at: number });
