// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { knownFields } from '../../../files/index.ts';
import type { Descriptor } from '../oci.ts';
import type { FoundManifest, RegistryImage, RegistryPort } from '../registry-port.ts';
import { payloadType, signatureKey } from './payload.ts';
import type { AttachmentSettings } from './registries-d.ts';

/** What is taken of an image's signatures at most. cosign's payloads have some 250 bytes, signatures of RSA some 700. */
export const signatureLimits = { count: 128, payloadBytes: 64 << 10, signatureLength: 16 << 10, totalBytes: 2 << 20 } as const;

/** A signature as it came: nothing of it is verified but that the payload's bytes fit its digest. */
const signatureSchema = z.strictObject({
  /** Of `payload`. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** base64. */
  payload: z.base64().max(Math.ceil(signatureLimits.payloadBytes / 3) * 4),
  /** base64, as the annotation says. */
  signature: z.string().max(signatureLimits.signatureLength),
});
/** For who judges them and has them from another process. */
export const signaturesSchema = z.strictObject({
  /** Whether they were looked for; `off`: registries.d doesn't say so. */
  attachments: z.enum(['off', 'looked-for']),
  /** Where it would say so. */
  directory: z.string(),
  file: z.string().optional(),
  found: z.array(signatureSchema).max(signatureLimits.count),
  /** What else lies there, and why it can't be used: a line each. */
  left: z.array(z.string()).max(signatureLimits.count + 1),
});
export type Signature = z.infer<typeof signatureSchema>;
/** An image's signatures: plain data. */
export type Signatures = z.infer<typeof signaturesSchema>;

/** Of a manifest: cosign's tag for what is signed about it. */
export const attachmentTag = (digest: string): string => `${digest.replace(':', '-')}.sig`;

type Port = Pick<RegistryPort, 'manifest' | 'blob'>;

/** The manifest that holds an image's signatures. Throws registry.*. */
export async function attachmentManifest(
  registry: Port,
  { host, name }: RegistryImage,
  digest: string,
): Promise<FoundManifest | undefined> {
  try {
    return await registry.manifest({ host, name, tag: attachmentTag(digest) });
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'registry.not-found') return undefined;
    throw error;
  }
}

/**
 * Fetch the signatures of an image's manifest that lie in its repository, as cosign and skopeo put them there. Those that are too large or can't be had are named in `left`:
 * they don't stand in the way of good ones. Throws registry.* when the registry can't be asked.
 */
export async function fetchSignatures(
  registry: Port,
  image: RegistryImage,
  digest: string,
  settings: AttachmentSettings,
): Promise<Signatures> {
  const { use, directory, file } = settings;
  const place = { directory, ...knownFields({ file }) };
  if (!use) return { attachments: 'off', ...place, found: [], left: [] };
  const layers =
    (await attachmentManifest(registry, image, digest))?.manifest.layers.filter(({ mediaType }) => mediaType === payloadType) ?? [];
  const found: Signature[] = [];
  const left: string[] = [];
  const payloads = new Map<string, Buffer>();
  let total = 0;
  for (const layer of layers.slice(0, signatureLimits.count)) {
    const problem = problemOf(layer);
    if (problem !== undefined) {
      left.push(`${layer.digest} ${problem}`);
      continue;
    }
    try {
      // several signatures of one payload are usual
      const payload = payloads.get(layer.digest) ?? (await registry.blob(image, layer, signatureLimits.payloadBytes));
      payloads.set(layer.digest, payload);
      const signature = layer.annotations?.[signatureKey] ?? '';
      total += payload.length + signature.length;
      if (total <= signatureLimits.totalBytes) found.push({ digest: layer.digest, payload: payload.toString('base64'), signature });
      else left.push(`${layer.digest} is more than the ${signatureLimits.totalBytes} bytes that are taken of all`);
    } catch (error) {
      if (!(error instanceof TreelineError && ['registry.garbage', 'registry.not-found'].includes(error.code))) throw error;
      left.push(`${layer.digest} can’t be had: ${error.report.detail ?? error.code}`);
    }
  }
  if (layers.length > signatureLimits.count)
    left.push(`${layers.length - signatureLimits.count} more weren’t looked at: ${signatureLimits.count} are`);
  return { attachments: 'looked-for', ...place, found, left };
}

function problemOf({ size, annotations }: Descriptor): string | undefined {
  const signature = annotations?.[signatureKey];
  if (signature === undefined) return `has no annotation ${signatureKey}`;
  if (signature.length > signatureLimits.signatureLength) return 'has a signature that is too long';
  return size > signatureLimits.payloadBytes
    ? `has ${size} bytes, more than the ${signatureLimits.payloadBytes} that are taken`
    : undefined;
}
