// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { errorReport } from '../../errors/report-schema.ts';
import type { Infer } from './infer.ts';

const text = z.string();
const number = z.number();
const flag = z.boolean();
const texts = z.array(text);

/** A trusted public key of a remote. Times are Unix seconds. */
export const remoteKey = z.object({
  type: z.enum(['gpg', 'ed25519']),
  fingerprint: text,
  userIds: texts,
  createdAt: number.optional(),
  expiresAt: number.optional(),
  expired: flag,
  revoked: flag,
});
export interface RemoteKey extends Infer<typeof remoteKey> {}

export const remote = z.object({
  name: text,
  url: text,
  gpgVerify: flag,
  signVerify: flag,
  /** Why nobody can tell what it demands; nothing is taken from it until that is mended. */
  problem: errorReport.optional(),
  keys: z.array(remoteKey),
  /** Ids of deployments whose origin names it: removing it would leave them without a source. */
  usedBy: texts,
  /** Where it is configured: the repository's config or a file of /etc/ostree/remotes.d. */
  file: text,
});
export interface Remote extends Infer<typeof remote> {}

/** A branch a remote offers (from its summary). */
export const remoteRef = z.object({
  ref: text,
  checksum: text,
  version: text,
  timestamp: number,
  /** The branch of the booted deployment. */
  current: flag,
  /** Same variant as the booted one: all but one path component equal. */
  related: flag,
});
export interface RemoteRef extends Infer<typeof remoteRef> {}

/** A commit of a branch's past, newest first in lists. */
export const remoteVersion = z.object({ checksum: text, version: text, timestamp: number, deployed: flag });
export interface RemoteVersion extends Infer<typeof remoteVersion> {}

/** An update found on a medium (a directory, a mounted stick, a static delta file). */
export const medium = z.object({
  path: text,
  kind: z.enum(['repo', 'delta']),
  label: text,
  refs: z.array(z.object({ ref: text, checksum: text, version: text, timestamp: number })),
  /** Whether one of them is newer than what is booted and of its branch. */
  updates: flag,
});
export interface Medium extends Infer<typeof medium> {}
