// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { imageName, parseRegistryImage } from '../image-names.ts';
import { referenceText, type ImageReference } from '../reference.ts';
import type { RegistryImage } from '../registry-port.ts';

/** An image as rules name it: with the tag `latest` where it has none, and without a tag that a digest makes idle. */
export function exactImage({ host, name, tag, digest }: RegistryImage): RegistryImage {
  return { host, name, ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }) };
}

/**
 * Scopes of rules that can be about an image of a registry, the most specific one first (containers-policy.json(5), “docker:”): the image, its repository, the namespaces
 * above, the host with its port, then `*.example.com` for the host's domains.
 */
export function registryScopes(image: RegistryImage): readonly string[] {
  const { host, name } = image;
  const parts = [host, ...name.split('/')];
  const labels = host.replace(/:\d+$/, '').split('.');
  return [
    imageName(exactImage(image)),
    ...parts.map((_, i) => parts.slice(0, parts.length - i).join('/')),
    ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`),
  ];
}

/** As registryScopes, for each transport; '' (the transport's default) isn't among them. */
export function scopesOf(reference: ImageReference): readonly string[] {
  const { transport, name, tag } = reference;
  if (transport === 'docker') return registryScopes(parseRegistryImage(referenceText(reference)));
  if (!['oci', 'oci-archive', 'dir'].includes(transport)) return [name];
  const place = path.resolve(name);
  const parts = place.split('/');
  const above = parts.slice(1).map((_, i) => parts.slice(0, parts.length - i).join('/'));
  return transport === 'dir' ? above : [`${place}:${tag ?? ''}`, ...above];
}
