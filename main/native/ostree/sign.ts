import type { Signature } from '../../../shared/domain/index.ts';
import { bind, bindChecked, file, Handle, Ptr, Scope, variantUnref, variantValue } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

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
];

/**
 * Verify detached GPG signatures of `data` with the keyrings of `remote` (REMOTE.trustedkeys.gpg, gpgkeypath and the global ones).
 * One entry a signature; whether it is good is in the entry, not an exception. Throws when the keyrings can't be read.
 */
export function verifyGpg(repo: Repo, remote: string, data: Uint8Array, signatures: readonly Uint8Array[]): Signature[] {
  return verifyGpgWith(repo, { remote }, data, signatures);
}

/** As verifyGpg, with the keys of a remote, or of a binary keyring file beside the global ones. */
export function verifyGpgWith(
  repo: Repo,
  keys: { readonly remote?: string; readonly keyring?: string | undefined },
  data: Uint8Array,
  signatures: readonly Uint8Array[],
): Signature[] {
  if (signatures.length === 0) return [];
  const joined = Buffer.concat(signatures);
  using scope = new Scope();
  const bytes = scope.own(bytesNew(data, data.length), 'GBytes', bytesUnref);
  const sigBytes = scope.own(bytesNew(joined, joined.length), 'GBytes', bytesUnref);
  const keyring = keys.keyring === undefined ? undefined : file(keys.keyring);
  if (keyring) scope.defer(() => keyring[Symbol.dispose]());
  using result = new Handle<'OstreeGpgVerifyResult'>(
    gpgVerifyData(repo.pointer, keys.remote ?? null, bytes, sigBytes, null, keyring?.pointer ?? null, null),
    'OstreeGpgVerifyResult',
  );
  return Array.from({ length: countAll(result.pointer) as number }, (_, i) => {
    using variant = new Handle<'GVariant'>(getAll(result.pointer, i), 'signature', variantUnref);
    return toSignature(variantValue(variant.pointer) as unknown as GpgAttributes);
  });
}

function toSignature(attributes: GpgAttributes): Signature {
  const [valid, signatureExpired, keyExpired, keyRevoked, keyMissing, fingerprint, time, , , , userName, userEmail, primary] = attributes;
  return {
    type: 'gpg',
    valid,
    keyId: fingerprint.slice(-16),
    fingerprint: primary || fingerprint,
    ...(userName && userName !== '[unknown name]' ? { userName } : {}),
    ...(userEmail && userEmail !== '[unknown email]' ? { userEmail } : {}),
    ...(time > 0n ? { timeSeconds: Number(time) } : {}),
    keyMissing,
    keyExpired,
    keyRevoked,
    signatureExpired,
  };
}
