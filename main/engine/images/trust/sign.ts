// SPDX-License-Identifier: LGPL-2.1-or-later
import { sign, type KeyObject } from 'node:crypto';
import { imageName } from '../image-names.ts';
import { mediaTypes, type Descriptor, type Manifest } from '../oci.ts';
import type { RegistryImage, RegistryTarget } from '../registry-port.ts';
import { payloadOf, payloadType, signatureKey } from './payload.ts';
import { exactImage } from './scopes.ts';
import { attachmentManifest, attachmentTag } from './signatures.ts';
import { publicHalf } from './signing-key.ts';
import { fits } from './verify.ts';

type Target = Pick<RegistryTarget, 'manifest' | 'blob' | 'putBlob' | 'putManifest'>;

/**
 * Put a signature of a manifest beside it, where cosign and containers' tools look: the tag `sha256-….sig` of its repository. Others' signatures stay, and one by this key for
 * this name isn't made again. The manifest itself needn't be there yet. Throws registry.*.
 */
export async function pushSignature(target: Target, image: RegistryImage, manifestDigest: string, key: KeyObject): Promise<void> {
  const payload = payloadOf({ manifestDigest, reference: imageName(exactImage(image)) });
  const before = await attachmentManifest(target, image, manifestDigest);
  const layers = before?.manifest.layers ?? [];
  const { host, name } = image;
  const blob = await target.putBlob({ host, name }, payload);
  const isOurs = ({ digest, annotations }: Descriptor): boolean =>
    digest === blob.digest && fits(publicHalf(key), payload, annotations?.[signatureKey] ?? '');
  if (layers.some(isOurs)) return;
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key).toString('base64');
  const all: Descriptor[] = [...layers, { mediaType: payloadType, ...blob, annotations: { [signatureKey]: signature } }];
  // the layers as they are: nobody unpacks them
  const config = { architecture: '', os: '', config: {}, rootfs: { type: 'layers', diff_ids: all.map(({ digest }) => digest) } };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...(await target.putBlob({ host, name }, Buffer.from(JSON.stringify(config)))) },
    layers: all,
    ...(before?.manifest.annotations ? { annotations: before.manifest.annotations } : {}),
  };
  await target.putManifest({ host, name, tag: attachmentTag(manifestDigest) }, Buffer.from(JSON.stringify(manifest)), mediaTypes.manifest);
}
