// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Signature } from '../../../shared/domain/index.ts';
import { bind, bindChecked, Handle, Ptr, Scope, variantUnref, variantValue } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import { Repo } from './repo.ts';

const gpgVerifyData = bindChecked('ostree', 'ostree_repo_gpg_verify_data', Ptr, [Ptr, 'str', Ptr, Ptr, Ptr, Ptr, Ptr], ostreeError);
const countAll = bind('ostree', 'ostree_gpg_verify_result_count_all', 'uint', [Ptr]);
const getAll = bind('ostree', 'ostree_gpg_verify_result_get_all', Ptr, [Ptr, 'uint']);
const bytesNew = bind('glib', 'g_bytes_new', Ptr, [Ptr, 'size_t']);
const bytesUnref = bind('glib', 'g_bytes_unref', 'void', [Ptr]);

/** ostree_gpg_verify_result_get_all: one value per OstreeGpgSignatureAttr, in their order. */
type GpgAttributes = readonly [
  valid: boolean,
  sigExpired: boolean,
  keyExpired: boolean,
  keyRevoked: boolean,
  keyMissing: boolean,
  fingerprint: string,
  timestamp: bigint,
  expires: bigint,
  pubkeyAlgorithm: string,
  hashAlgorithm: string,
  userName: string,
  userEmail: string,
  fingerprintPrimary: string,
  keyExpires: bigint,
  primaryKeyExpires: bigint,
];

/**
 * Verify detached GPG signatures of `data` with the keyrings of `remote` (REMOTE.trustedkeys.gpg, gpgkeypath and the global ones).
 * One entry a signature; whether it is good is in the entry, not an exception. Throws when the keyrings can't be read.
 */
export function verifyGpg(repo: Repo, remote: string, data: Uint8Array, signatures: readonly Uint8Array[]): Signature[] {
  if (signatures.length === 0) return [];
  const joined = Buffer.concat(signatures);
  using scope = new Scope();
  const bytes = scope.own(bytesNew(data, data.length), 'GBytes', bytesUnref);
  const sigBytes = scope.own(bytesNew(joined, joined.length), 'GBytes', bytesUnref);
  using result = new Handle<'OstreeGpgVerifyResult'>(
    gpgVerifyData(repo.pointer, remote, bytes, sigBytes, null, null, null),
    'OstreeGpgVerifyResult',
  );
  return Array.from({ length: countAll(result.pointer) as number }, (_, i) => {
    using variant = new Handle<'GVariant'>(getAll(result.pointer, i), 'signature', variantUnref);
    return toSignature(variantValue(variant.pointer) as unknown as GpgAttributes);
  });
}

function toSignature(attributes: GpgAttributes): Signature {
  const [valid, signatureExpired, keyExpired, keyRevoked, keyMissing, fingerprint, time, expires, keyAlgorithm, hashAlgorithm, ...who] =
    attributes;
  const [userName, userEmail, primary, keyExpires, primaryKeyExpires] = who;
  return {
    type: 'gpg',
    valid,
    keyId: fingerprint.slice(-16),
    fingerprint: primary || fingerprint,
    ...(userName && userName !== '[unknown name]' ? { userName } : {}),
    ...(userEmail && userEmail !== '[unknown email]' ? { userEmail } : {}),
    ...(time > 0n ? { timeSeconds: Number(time) } : {}),
    gpg: {
      signingFingerprint: fingerprint,
      expiresSeconds: Number(expires),
      keyAlgorithm,
      hashAlgorithm,
      keyExpiresSeconds: Number(keyExpires),
      primaryKeyExpiresSeconds: Number(primaryKeyExpires),
    },
    keyMissing,
    keyExpired,
    keyRevoked,
    signatureExpired,
  };
}

/** The name that the named keys have in their own repository. */
const keysRemote = 'named';

/**
 * Verifies with named keys and no others. libostree takes keys of every remote and the machine's own beside those that it is given, unless it is
 * asked for one remote that has a keyring: so a repository that is empty but for a remote with just these keys is made, and gone afterwards.
 */
export class NamedKeys implements Disposable {
  readonly #directory: string;
  readonly #repo: Repo;

  /** `keyring`: binary OpenPGP keys; empty for none. */
  constructor(keyring: Uint8Array) {
    this.#directory = mkdtempSync(path.join(tmpdir(), 'treeline-keys-'));
    try {
      Repo.create(this.#directory, 'archive')[Symbol.dispose]();
      writeFileSync(
        path.join(this.#directory, 'config'),
        `[core]\nrepo_version=1\nmode=archive-z2\n\n[remote "${keysRemote}"]\nurl=file:///nowhere\n`,
      );
      writeFileSync(path.join(this.#directory, `${keysRemote}.trustedkeys.gpg`), keyring);
      this.#repo = Repo.open(this.#directory);
    } catch (error) {
      rmSync(this.#directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** As verifyGpg. */
  verify(data: Uint8Array, signatures: readonly Uint8Array[]): Signature[] {
    return verifyGpg(this.#repo, keysRemote, data, signatures);
  }

  [Symbol.dispose](): void {
    this.#repo[Symbol.dispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
