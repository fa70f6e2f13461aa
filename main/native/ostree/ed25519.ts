// SPDX-License-Identifier: LGPL-2.1-or-later
import { createPrivateKey, sign } from 'node:crypto';
import { TreelineError } from '../../../shared/errors/index.ts';

/** Key of the detached metadata (ostree-sign-ed25519.c): `aay`, one signature each. */
export const ed25519MetadataKey = 'ostree.sign.ed25519';

/** PKCS#8 frame of an ed25519 seed (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Sign bytes with a base64 secret key as `ostree sign` takes it: seed and public key, 64 bytes. Done by node's OpenSSL: libostree can be
 * built without ed25519 (Debian 12's is). Throws compose.key-not-found for what isn't such a key.
 */
export function signEd25519(bytes: Buffer, secret: string): Buffer {
  const raw = Buffer.from(secret, 'base64');
  if (raw.length !== 64 && raw.length !== 32)
    throw new TreelineError('compose.key-not-found', {
      subject: 'The ed25519 key',
      detail: `a base64 secret key of 64 bytes is wanted, this one has ${raw.length}`,
    });
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, raw.subarray(0, 32)]), format: 'der', type: 'pkcs8' });
  return sign(null, bytes, key);
}
