// SPDX-License-Identifier: LGPL-2.1-or-later
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import { registryImageText } from '../image-names.ts';
import { parseReference } from '../reference.ts';
import type { RegistryImage, RegistryPort } from '../registry-port.ts';
import {
  asksForSignatures,
  attachmentSettings,
  decideTrust,
  fetchSignatures,
  policyFor,
  trustPlaces,
  type TrustDecision,
  type TrustOptions,
} from '../trust/index.ts';

export interface TrustParams extends TrustOptions {
  /** It is to be taken only if it is signed (`ostree-image-signed:`). */
  readonly signed?: boolean;
}

/** What an update is, with the rule that let it pass. */
export const withTrust = (details: UpdateDetails, trust: TrustDecision): UpdateDetails =>
  details.image ? { ...details, image: { ...details.image, trust } } : details;

/**
 * Ask this machine's policy whether an image may be taken. The answer names it by the digest that was judged, where signatures counted: its tag may lead elsewhere a moment
 * later. Throws container.*, registry.*, file.unreadable.
 */
export async function trustedImage(
  registry: Pick<RegistryPort, 'manifest' | 'blob'>,
  image: RegistryImage,
  params: TrustParams,
): Promise<{ readonly image: RegistryImage; readonly trust: TrustDecision }> {
  const places = trustPlaces(params);
  const reference = parseReference(registryImageText(image));
  const policy = policyFor(reference, places);
  const question = { image: reference, policy, signed: params.signed ?? false };
  if (!asksForSignatures(policy)) return { image, trust: decideTrust({ ...question, manifestDigest: '' }) };
  const settings = attachmentSettings(image, places);
  const { digest } = await registry.manifest(image);
  const signatures = await fetchSignatures(registry, image, digest, settings);
  return { image: { host: image.host, name: image.name, digest }, trust: decideTrust({ ...question, manifestDigest: digest, signatures }) };
}
