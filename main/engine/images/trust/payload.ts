// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseStrictJson } from './strict-json.ts';

/** What cosign and containers' tools call the payload of a signature. */
export const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
/** The layer's annotation that is the signature of its content. */
export const signatureKey = 'dev.cosignproject.cosign/signature';
const kind = 'cosign container image signature';

/** What a signature is about. Nothing beside these may stand in `critical`; `optional` binds nobody. */
const payloadSchema = z.strictObject({
  critical: z.strictObject({
    type: z.literal(kind),
    image: z.strictObject({ 'docker-manifest-digest': z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
    identity: z.strictObject({ 'docker-reference': z.string() }),
  }),
  optional: z.record(z.string(), z.unknown()).nullable(),
});

export interface SignedImage {
  readonly manifestDigest: string;
  /** `HOST/NAME[:TAG][@DIGEST]`. */
  readonly reference: string;
}

/** Only after its signature was found to fit. Throws file.unreadable. */
export function parsePayload(bytes: Buffer): SignedImage {
  const read = payloadSchema.safeParse(parseStrictJson(bytes.toString('utf8'), 'signature'));
  if (!read.success) throw new TreelineError('file.unreadable', { subject: 'signature', detail: z.prettifyError(read.error) });
  const { image, identity } = read.data.critical;
  return { manifestDigest: image['docker-manifest-digest'], reference: identity['docker-reference'] };
}

/** Equal for equal images: it holds no time. */
export function payloadOf({ manifestDigest, reference }: SignedImage): Buffer {
  const critical = { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': manifestDigest }, type: kind };
  return Buffer.from(JSON.stringify({ critical, optional: { creator: 'Treeline' } }));
}
