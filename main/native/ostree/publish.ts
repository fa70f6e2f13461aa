// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { Signing } from '../../engine/base/ports/compose-store.ts';
import { bindChecked, newVariant, Ptr, Variant, type GErrorMapper } from '../core/index.ts';
import { decodeVariant, encodeVariant, type VariantValue } from '../core/gvariant-format.ts';
import { ed25519MetadataKey, signEd25519 } from './ed25519.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

const keyError: GErrorMapper = (error) =>
  /No space left on device/.test(error.message)
    ? new TreelineError('disk.full', { subject: 'OSTree repository', detail: error.message })
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

/** The detached metadata with a signature added; one that is there already isn't doubled. */
function withSignature(metadata: Map<string, VariantValue>, signature: Buffer): Map<string, VariantValue> {
  const before = metadata.get(ed25519MetadataKey);
  const list = before instanceof Variant ? (before.value as Buffer[]) : [];
  return list.some((known) => known.equals(signature))
    ? metadata
    : new Map([...metadata, [ed25519MetadataKey, new Variant('aay', [...list, signature])]]);
}

/** Put metadata beside a commit; what signatures are added to. */
export function addDetachedMetadata(repo: Repo, checksum: string, added: ReadonlyMap<string, unknown>): void {
  using metadata = newVariant('a{sv}', [...(repo.detachedMetadata(checksum) ?? []), ...(added as ReadonlyMap<string, VariantValue>)]);
  writeDetached(repo.pointer, checksum, metadata.pointer, null);
}

/** Sign a commit object with each of the keys (within its transaction, so that a ref never points at an unsigned one). */
export function signCommitObject(repo: Repo, checksum: string, signing: Signing): void {
  for (const { keyId, homedir } of signing.gpg ?? []) named(keyId, () => signGpg(repo.pointer, checksum, keyId, homedir ?? null, null));
  for (const secret of signing.ed25519 ?? []) {
    const signature = signEd25519(repo.loadCommit(checksum).bytes, secret);
    using metadata = newVariant('a{sv}', [...withSignature(repo.detachedMetadata(checksum) ?? new Map<string, VariantValue>(), signature)]);
    writeDetached(repo.pointer, checksum, metadata.pointer, null);
  }
}

/** Regenerate the summary with the index of static deltas, and sign it with the same keys. */
export function writeSummary(repo: Repo, signing: Signing): void {
  regenerate(repo.pointer, null, null);
  for (const { keyId, homedir } of signing.gpg ?? [])
    named(keyId, () => signSummaryGpg(repo.pointer, [keyId, null], homedir ?? null, null));
  const file = path.join(repo.path, 'summary.sig');
  for (const secret of signing.ed25519 ?? []) {
    const before = existsSync(file)
      ? (decodeVariant('a{sv}', readFileSync(file)) as Map<string, VariantValue>)
      : new Map<string, VariantValue>();
    const signature = signEd25519(readFileSync(path.join(repo.path, 'summary')), secret);
    const temporary = path.join(repo.path, 'tmp', `summary.sig.${process.pid}`);
    writeFileSync(temporary, encodeVariant('a{sv}', [...withSignature(before, signature)]));
    renameSync(temporary, file);
  }
}
