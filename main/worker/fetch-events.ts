// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { isErrorCode, type ErrorCode } from '../../shared/errors/index.ts';

const text = z.string().max(100_000);
const checksum = z.string().regex(/^[0-9a-f]{64}$/);
const amount = z.number().nonnegative();
/** Base64 of a summary of at most 64 MB, or of a signature. */
const base64 = z
  .string()
  .max(90 << 20)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/);

const progress = z.object({
  step: text,
  stepIndex: amount,
  stepCount: amount,
  fraction: z.number().min(0).max(1),
  bytesDone: amount.optional(),
  bytesTotal: amount.optional(),
  itemsDone: amount.optional(),
  itemsTotal: amount.optional(),
  bytesPerSecond: amount.optional(),
  secondsLeft: amount.optional(),
});

const outcome = z.object({
  commits: z.record(text, checksum),
  found: checksum.optional(),
  newerTip: checksum.optional(),
  summary: z.object({ bytes: base64, gpgSignatures: z.array(base64), ed25519Signatures: z.array(base64) }).optional(),
});

/** See CheckedRegistry: manifests and configurations of at most 8 MB. */
const document = z
  .string()
  .max(12 << 20)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.object({
  mediaType: text,
  digest,
  size: z.number().int().nonnegative(),
  annotations: z.record(text, text).optional(),
  artifactType: text.optional(),
});

const answer = z.object({
  digest: digest.optional(),
  bytes: document.optional(),
  index: document.optional(),
  descriptors: z.array(descriptor).max(10_000).optional(),
});

const error = z.object({
  code: z.custom<ErrorCode>(isErrorCode),
  subject: text.optional(),
  detail: text.optional(),
  file: text.optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  key: text.optional(),
  facts: z.record(text, z.union([text, z.number()])).optional(),
});

/** What the fetching process may say. It reads what strangers send: nothing that it says is taken in another form. */
export const fetchEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), progress }),
  z.object({ type: z.literal('result'), result: outcome }),
  z.object({ type: z.literal('answer'), answer }),
  z.object({ type: z.literal('error'), error }),
]);
