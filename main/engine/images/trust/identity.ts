// SPDX-License-Identifier: LGPL-2.1-or-later
import { imageName, registryImageOf } from '../image-names.ts';
import type { RegistryImage } from '../registry-port.ts';
import type { SignedIdentity } from './policy-file.ts';
import { exactImage } from './scopes.ts';

const isExact = ({ tag, digest }: RegistryImage): boolean => tag !== undefined || digest !== undefined;
const sameName = (a: RegistryImage, b: RegistryImage): boolean => a.host === b.host && a.name === b.name;
const same = (a: RegistryImage, b: RegistryImage): boolean => isExact(b) && imageName(a) === imageName(b);

/** The usual one: a tag has to be the same one; with a digest the repository is enough, because the signature names the digest. */
function matchesRepoDigestOrExact(image: RegistryImage, signed: RegistryImage): boolean {
  return image.digest === undefined ? same(image, signed) : isExact(signed) && sameName(image, signed);
}

/** An image under the name by which it is signed; undefined where that gives no name. */
function remapped(image: RegistryImage, prefix: string, signedPrefix: string): RegistryImage | undefined {
  const name = imageName(image);
  if (!name.startsWith(prefix) || !/^(?:$|[/:@])/.test(name.slice(prefix.length))) return image;
  return registryImageOf(`${signedPrefix}${name.slice(prefix.length)}`);
}

/** Whether a signature for `reference` is one for this image, by a rule's `signedIdentity`: containers-policy.json(5). */
export function matchesIdentity(identity: SignedIdentity, asked: RegistryImage, reference: string): boolean {
  const image = exactImage(asked);
  const signed = registryImageOf(reference);
  if (!signed) return false;
  switch (identity.type) {
    case 'matchExact':
      return same(image, signed);
    case 'matchRepoDigestOrExact':
      return matchesRepoDigestOrExact(image, signed);
    case 'matchRepository':
      return sameName(image, signed);
    case 'exactReference': {
      const wanted = registryImageOf(identity.dockerReference);
      return wanted !== undefined && same(wanted, signed);
    }
    case 'exactRepository': {
      const wanted = registryImageOf(identity.dockerRepository);
      return wanted !== undefined && sameName(wanted, signed);
    }
    case 'remapIdentity': {
      const wanted = remapped(image, identity.prefix, identity.signedPrefix);
      return wanted !== undefined && matchesRepoDigestOrExact(wanted, signed);
    }
  }
}
