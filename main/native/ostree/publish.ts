import { TreelineError } from '../../../shared/errors/index.ts';
import { bindChecked, Handle, newVariant, Ptr, Variant, type GErrorMapper, type Pointer } from '../core/index.ts';
import koffi from 'koffi';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

const keyError: GErrorMapper = (error, call) =>
  /No space left on device/.test(error.message)
    ? new TreelineError('disk.full', { subject: call, detail: error.message })
    : new TreelineError('compose.key-not-found', { detail: error.message });
const signGpg = bindChecked('ostree', 'ostree_repo_sign_commit', 'int', [Ptr, 'str', 'str', 'str', Ptr], keyError);
const signSummaryGpg = bindChecked(
  'ostree',
  'ostree_repo_add_gpg_signature_summary',
  'int',
  [Ptr, koffi.pointer('str'), 'str', Ptr],
  keyError,
);
const signByName = bindChecked('ostree', 'ostree_sign_get_by_name', Ptr, ['str'], keyError);
const setSecret = bindChecked('ostree', 'ostree_sign_set_sk', 'int', [Ptr, Ptr], keyError);
const signCommit = bindChecked('ostree', 'ostree_sign_commit', 'int', [Ptr, Ptr, 'str', Ptr], keyError);
const signSummary = bindChecked('ostree', 'ostree_sign_summary', 'int', [Ptr, Ptr, Ptr, Ptr], keyError);
const regenerate = bindChecked('ostree', 'ostree_repo_regenerate_summary', 'int', [Ptr, Ptr, Ptr], ostreeError);

export interface Signing {
  readonly gpg?: { readonly keyId: string; readonly homedir?: string };
  /** Base64 of an ed25519 secret key (64 bytes: seed and public key), as `ostree sign` takes it. */
  readonly ed25519?: string;
}

const subjectOf = (signing: Signing): string => signing.gpg?.keyId ?? 'The ed25519 key';

/** Run and name the key in errors about it. */
function named<T>(signing: Signing, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'compose.key-not-found')
      throw new TreelineError(error.code, { ...error.report, subject: subjectOf(signing) }, { cause: error });
    throw error;
  }
}

function withEd25519(secret: string, run: (sign: Pointer, key: string) => void): void {
  using sign = new Handle<'OstreeSign'>(signByName('ed25519'), 'OstreeSign');
  using key = newVariant('s', secret);
  setSecret(sign.pointer, key.pointer);
  run(sign.pointer, secret);
}

/** Sign a commit object (within its transaction, so that a ref never points at an unsigned one). */
export function signCommitObject(repo: Repo, checksum: string, signing: Signing): void {
  named(signing, () => {
    if (signing.gpg) signGpg(repo.pointer, checksum, signing.gpg.keyId, signing.gpg.homedir ?? null, null);
    if (signing.ed25519) withEd25519(signing.ed25519, (sign) => signCommit(sign, repo.pointer, checksum, null));
  });
}

/** Regenerate the summary, and sign it with the same keys. */
export function writeSummary(repo: Repo, signing: Signing): void {
  regenerate(repo.pointer, null, null);
  named(signing, () => {
    const { gpg, ed25519 } = signing;
    if (gpg) signSummaryGpg(repo.pointer, [gpg.keyId, null], gpg.homedir ?? null, null);
    if (ed25519)
      withEd25519(ed25519, (sign, secret) => {
        using keys = newVariant('av', [new Variant('s', secret)]);
        signSummary(sign, repo.pointer, keys.pointer, null);
      });
  });
}
