// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';

/** Where an image is: containers-transports(5). */
export interface ImageReference {
  readonly transport: string;
  /** Path for `oci` and `oci-archive`; what comes after the transport for others. */
  readonly name: string;
  /** Of `oci` and `oci-archive`. */
  readonly tag?: string;
}

const transports: readonly string[] = ['oci', 'oci-archive', 'docker', 'containers-storage', 'dir', 'docker-archive', 'docker-daemon'];

export const isTransport = (name: string): boolean => transports.includes(name) || name === 'registry';

/** Read `TRANSPORT:TARGET`; `registry:` is another word for `docker://`. Throws usage.invalid. */
export function parseReference(text: string): ImageReference {
  const plain = text.replace(/^ostree-unverified-image:/, '').replace(/^registry:(?:\/\/)?/, 'docker://');
  const colon = plain.indexOf(':');
  const transport = plain.slice(0, Math.max(0, colon));
  const name = plain.slice(colon + 1);
  if (!transports.includes(transport) || name === '')
    throw new TreelineError('usage.invalid', {
      subject: text,
      detail: `“${text}” is no image reference: oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or docker://HOST/NAME[:TAG]`,
    });
  if (transport !== 'oci' && transport !== 'oci-archive') return { transport, name };
  const tag = /^(.*):([\w][\w.-]{0,127})$/.exec(name);
  return tag ? { transport, name: tag[1] ?? '', tag: tag[2] ?? '' } : { transport, name };
}

export const referenceText = ({ transport, name, tag }: ImageReference): string =>
  `${transport}:${name}${tag === undefined ? '' : `:${tag}`}`;

/** An image's name as a reference; a name without a transport is one of this machine's container storage. */
export const storedImage = (image: string): string =>
  isTransport(/^[a-z-]+(?=:)/.exec(image)?.[0] ?? '') ? image : `containers-storage:${image}`;
