// SPDX-License-Identifier: LGPL-2.1-or-later
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { createPrivateKey, createPublicKey, scryptSync, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseJson, readRegularFile } from '../../../files/index.ts';
import { requireKind } from './policy.ts';

/** What says with which key an image is signed: skopeo's and podman's names. */
export interface SigstoreSigningParams {
  /** A private key in PEM: cosign's, encrypted, or PKCS #8. */
  readonly signBySigstorePrivateKey?: string;
  /** Its first line is the key's passphrase. */
  readonly signPassphraseFile?: string;
}

const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
/** What cosign writes: scrypt and NaCl's secretbox. The bounds keep the memory below 256 MiB. */
const encryptedSchema = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({
      N: z
        .number()
        .int()
        .min(2)
        .max(1 << 17),
      r: z.number().int().min(1).max(16),
      p: z.number().int().min(1).max(16),
    }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: base64 }),
  ciphertext: base64,
});

/** Read the key that images are signed with; undefined when none is asked for. Throws usage.invalid naming file and option, file.unreadable. Nothing of the key is in an error. */
export function readSigningKey({ signBySigstorePrivateKey: file, signPassphraseFile }: SigstoreSigningParams): KeyObject | undefined {
  if (file === undefined) {
    if (signPassphraseFile === undefined) return undefined;
    throw new TreelineError('usage.invalid', {
      subject: '--sign-passphrase-file',
      detail: 'there is no --sign-by-sigstore-private-key that it is for',
    });
  }
  const invalid = (detail: string): TreelineError =>
    new TreelineError('usage.invalid', { subject: '--sign-by-sigstore-private-key', detail: `${file} ${detail}` });
  const text = readRegularFile(file, { limitBytes: 1 << 20 }).toString();
  const passphrase =
    signPassphraseFile === undefined
      ? undefined
      : (readRegularFile(signPassphraseFile, { limitBytes: 1 << 16 })
          .toString()
          .split(/\r?\n/, 1)[0] ?? '');
  const key = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/.test(text)
    ? ofSigstore(text, file, passphrase, invalid)
    : ofPem(text, passphrase, invalid);
  requireKind(key, invalid);
  return key;
}

const noPassphrase = 'is encrypted, and no --sign-passphrase-file is given';

function ofPem(text: string, passphrase: string | undefined, invalid: (detail: string) => TreelineError): KeyObject {
  if (/ENCRYPTED/.test(text) && passphrase === undefined) throw invalid(noPassphrase);
  try {
    return createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // OpenSSL's words say nothing to people
    throw invalid(
      passphrase === undefined ? 'holds no private key in PEM' : 'holds no private key in PEM, or the passphrase is another one',
    );
  }
}

function ofSigstore(text: string, file: string, passphrase: string | undefined, invalid: (detail: string) => TreelineError): KeyObject {
  if (passphrase === undefined) throw invalid(noPassphrase);
  const body = /-----BEGIN ([A-Z ]+)-----([^-]*)-----END \1-----/.exec(text)?.[2] ?? '';
  const read = encryptedSchema.safeParse(parseJson(Buffer.from(body, 'base64').toString(), file));
  if (!read.success) throw invalid('isn’t encrypted as cosign does it (scrypt, nacl/secretbox)');
  const { kdf, cipher, ciphertext } = read.data;
  const { N, r, p } = kdf.params;
  if (cipher.nonce.length !== 24 || (N & (N - 1)) !== 0) throw invalid('isn’t encrypted as cosign does it (scrypt, nacl/secretbox)');
  const secret = scryptSync(passphrase, kdf.salt, 32, { N, r, p, maxmem: 256 * N * r + (1 << 20) });
  let der: Uint8Array;
  try {
    der = xsalsa20poly1305(secret, cipher.nonce).decrypt(ciphertext);
  } catch {
    throw invalid('can’t be decrypted: the passphrase is another one');
  }
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    throw invalid('holds something else than a private key');
  }
}

export const publicHalf = (key: KeyObject): KeyObject => createPublicKey(key);
