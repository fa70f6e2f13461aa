import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { Signing } from '../../engine/ports/compose-store.ts';
import { bindChecked, newVariant, Ptr, Variant, type GErrorMapper } from '../core/index.ts';
import { decodeVariant, encodeVariant, type VariantValue } from '../core/gvariant-format.ts';
import { ed25519MetadataKey, signEd25519 } from './ed25519.ts';
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
const writeDetached = bindChecked('ostree', 'ostree_repo_write_commit_detached_metadata', 'int', [Ptr, 'str', Ptr, Ptr], ostreeError);
const regenerate = bindChecked('ostree', 'ostree_repo_regenerate_summary', 'int', [Ptr, Ptr, Ptr], ostreeError);

/** Run and name the key in errors about it. */
function named<T>(keyId: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'compose.key-not-found')
      throw new TreelineError(error.code, { ...error.report, subject: keyId }, { cause: error });
    throw error;
  }
}

function withSignature(metadata: Map<string, VariantValue>, signature: Buffer): Map<string, VariantValue> {
  const before = metadata.get(ed25519MetadataKey);
  const list = before instanceof Variant ? (before.value as Buffer[]) : [];
  return new Map([...metadata, [ed25519MetadataKey, new Variant('aay', [...list, signature])]]);
}

/** Sign a commit object (within its transaction, so that a ref never points at an unsigned one). */
export function signCommitObject(repo: Repo, checksum: string, signing: Signing): void {
  const { gpg, ed25519 } = signing;
  if (gpg) named(gpg.keyId, () => signGpg(repo.pointer, checksum, gpg.keyId, gpg.homedir ?? null, null));
  if (ed25519 === undefined) return;
  const signature = signEd25519(repo.loadCommit(checksum).bytes, ed25519);
  using metadata = newVariant('a{sv}', [...withSignature(repo.detachedMetadata(checksum) ?? new Map<string, VariantValue>(), signature)]);
  writeDetached(repo.pointer, checksum, metadata.pointer, null);
}

/** Regenerate the summary, and sign it with the same keys. */
export function writeSummary(repo: Repo, signing: Signing): void {
  regenerate(repo.pointer, null, null);
  const { gpg, ed25519 } = signing;
  if (gpg) named(gpg.keyId, () => signSummaryGpg(repo.pointer, [gpg.keyId, null], gpg.homedir ?? null, null));
  if (ed25519 === undefined) return;
  const file = path.join(repo.path, 'summary.sig');
  const before = existsSync(file)
    ? (decodeVariant('a{sv}', readFileSync(file)) as Map<string, VariantValue>)
    : new Map<string, VariantValue>();
  const signature = signEd25519(readFileSync(path.join(repo.path, 'summary')), ed25519);
  const temporary = path.join(repo.path, 'tmp', `summary.sig.${process.pid}`);
  writeFileSync(temporary, encodeVariant('a{sv}', [...withSignature(before, signature)]));
  renameSync(temporary, file);
}
