// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RegistryImage } from '../registry-port.ts';
import { matchesIdentity } from './identity.ts';
import { parsePayload, type SignedImage } from './payload.ts';
import type { SignedIdentity } from './policy-file.ts';
import type { Signature } from './signatures.ts';

/** SHA-256 of the public key (SPKI), as hex: what a key is called. */
export const fingerprint = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/** As cosign signs: ECDSA (ASN.1) and RSA (PKCS #1 v1.5) of the SHA-256, Ed25519 of the payload itself. */
export function fits(key: KeyObject, payload: Buffer, signature: string): boolean {
  // Node's reader takes anything for base64
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature) || signature.length % 4 !== 0) return false;
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key, Buffer.from(signature, 'base64'));
  } catch {
    // OpenSSL's error about bytes that can be no signature
    return false;
  }
}

/** What a signature lacks. `rank`: how near it came; the nearest ones are told. */
export interface Rejection {
  readonly why: string;
  readonly rank: 0 | 1 | 2;
}

interface Wanted {
  readonly image: RegistryImage;
  readonly manifestDigest: string;
  /** SPKI in PEM. */
  readonly keys: readonly string[];
  readonly identity: SignedIdentity;
}

const isPayload = ({ digest }: Signature, payload: Buffer): boolean =>
  `sha256:${createHash('sha256').update(payload).digest('hex')}` === digest;

/** Judge a signature: the key's fingerprint, or why it isn't one. What is in the payload is read last. */
export function judge(signature: Signature, { image, manifestDigest, keys, identity }: Wanted): string | Rejection {
  const payload = Buffer.from(signature.payload, 'base64');
  if (!isPayload(signature, payload)) return { why: 'its payload doesn’t fit the digest', rank: 0 };
  const key = keys.map((pem) => createPublicKey(pem)).find((each) => fits(each, payload, signature.signature));
  if (!key) return { why: 'it isn’t by the rule’s key', rank: 0 };
  let signed: SignedImage;
  try {
    signed = parsePayload(payload);
  } catch (error) {
    return { why: `it is by the rule’s key, but makes no sense: ${TreelineError.report(error).detail ?? ''}`, rank: 1 };
  }
  if (signed.manifestDigest !== manifestDigest)
    return { why: `it is by the rule’s key, but for another image (${signed.manifestDigest})`, rank: 1 };
  if (!matchesIdentity(identity, image, signed.reference))
    return {
      why: `it is by the rule’s key, but for “${signed.reference.slice(0, 512)}”, which ${identity.type} doesn’t let pass`,
      rank: 2,
    };
  return fingerprint(key);
}
