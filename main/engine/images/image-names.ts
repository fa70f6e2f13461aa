// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import { requireRemoteName } from '../base/names/remote-name.ts';
import { isTransport, parseReference, referenceText, type ImageReference } from './reference.ts';
import type { RegistryImage } from './registry-port.ts';

/*
 * Names of images in registries, and origins of systems that follow one. The grammar of names is that of the OCI distribution specification and of containers-transports(5).
 */

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
const form = new RegExp(
  `^(?:(?<host>${host})/)?(?<name>${component}(?:/${component})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);

/** Whether the first part of a name is a host, or already the name of an image on Docker Hub. */
const isHost = (first: string): boolean => /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();

/** Read `HOST/NAME[:TAG][@DIGEST]`. Without a host it is one of Docker Hub, as in every tool. Undefined if it isn't a name of that kind. */
export function registryImageOf(text: string): RegistryImage | undefined {
  const first = text.includes('/') ? text.slice(0, text.indexOf('/')) : '';
  const found = form.exec(isHost(first) ? text : `docker.io/${text}`)?.groups;
  if (found?.['host'] === undefined || found['name'] === undefined || found['name'].length > 255) return undefined;
  const onHub = found['host'] === 'docker.io' || found['host'] === 'index.docker.io';
  const { tag, digest } = found;
  return {
    host: onHub ? 'docker.io' : found['host'],
    name: onHub && !found['name'].includes('/') ? `library/${found['name']}` : found['name'],
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Read `docker://HOST/NAME[:TAG][@DIGEST]`, or `registry:HOST/NAME…`, which is the same. Throws usage.invalid. */
export function parseRegistryImage(text: string): RegistryImage {
  const reference = parseReference(text);
  const image = reference.transport === 'docker' && reference.name.startsWith('//') ? registryImageOf(reference.name.slice(2)) : undefined;
  if (image) return image;
  throw new TreelineError('usage.invalid', {
    subject: text,
    detail: `“${text}” is no image in a registry: docker://HOST/NAME[:TAG][@sha256:DIGEST]`,
  });
}

/** An image in a registry as people name it: with a transport, as an origin does, or by its name alone. Throws usage.invalid. */
export function namedRegistryImage(text: string): RegistryImage {
  if (text.startsWith('ostree-')) return parseRegistryImage(referenceText(parseOriginImage(text).image));
  const transport = text.slice(0, Math.max(0, text.indexOf(':')));
  return parseRegistryImage(isTransport(transport) ? text : `docker://${text}`);
}

/** `HOST/NAME[:TAG][@DIGEST]`: for people, and what registries.conf(5) and policy.json(5) compare with. */
export const imageName = ({ host, name, tag, digest }: RegistryImage): string =>
  `${host}/${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;

export const registryImageText = (image: RegistryImage): string => `docker://${imageName(image)}`;

/** What a system follows: the origin's `container-image-reference`. */
export interface OriginImage {
  /** Who says that an image may be taken: nobody, containers-policy.json(5), or the keys of an OSTree remote. */
  readonly verification: 'none' | 'policy' | { readonly remote: string };
  readonly image: ImageReference;
  /** How an image in a registry is written where it isn't in the usual way (`ostree-unverified-registry:`, `docker://` behind `ostree-image-signed:`). */
  readonly spelling?: 'docker://' | 'registry:';
}

const forms = {
  'ostree-unverified-registry': { short: true, remote: false, policy: false },
  'ostree-unverified-image': { short: false, remote: false, policy: false },
  'ostree-image-signed': { short: false, remote: false, policy: true },
  'ostree-remote-registry': { short: true, remote: true, policy: false },
  'ostree-remote-image': { short: false, remote: true, policy: false },
} as const;

/** Read an origin's `container-image-reference`. What `originImageText` makes of the answer is the same text. Throws usage.invalid. */
export function parseOriginImage(text: string): OriginImage {
  const invalid = (): TreelineError =>
    new TreelineError('usage.invalid', {
      subject: text,
      detail: `“${text}” is no image to follow: ostree-unverified-registry:HOST/NAME:TAG, ostree-unverified-image:TRANSPORT:NAME, ostree-image-signed:TRANSPORT:NAME, ostree-remote-registry:REMOTE:HOST/NAME:TAG or ostree-remote-image:REMOTE:TRANSPORT:NAME`,
    });
  const found = Object.entries(forms).find(([prefix]) => text.startsWith(`${prefix}:`));
  if (!found) throw invalid();
  const [prefix, { short, remote: hasRemote, policy }] = found;
  let rest = text.slice(prefix.length + 1);
  let verification: OriginImage['verification'] = policy ? 'policy' : 'none';
  if (hasRemote) {
    const remote = rest.slice(0, Math.max(0, rest.indexOf(':')));
    requireRemoteName(remote);
    verification = { remote };
    rest = rest.slice(remote.length + 1);
  }
  const image = parseReference(short ? `docker://${rest}` : rest);
  if (image.transport === 'docker') parseRegistryImage(referenceText(image));
  const plain: OriginImage = { verification, image };
  const spellings: readonly OriginImage[] = [plain, { ...plain, spelling: 'docker://' }, { ...plain, spelling: 'registry:' }];
  const same = spellings.find((each) => originImageText(each) === text);
  if (!same) throw invalid();
  return same;
}

/** As rpm-ostree and bootc write it, unless it was read in another spelling. */
export function originImageText({ verification, image, spelling }: OriginImage): string {
  const isRegistry = image.transport === 'docker';
  const name = image.name.replace(/^\/\//, '');
  const full = isRegistry ? `${spelling ?? 'docker://'}${name}` : referenceText(image);
  if (verification === 'policy') return `ostree-image-signed:${full}`;
  const short = isRegistry && spelling === undefined;
  if (verification === 'none') return short ? `ostree-unverified-registry:${name}` : `ostree-unverified-image:${full}`;
  return short ? `ostree-remote-registry:${verification.remote}:${name}` : `ostree-remote-image:${verification.remote}:${full}`;
}
