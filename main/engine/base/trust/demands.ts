// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RepoPort } from '../ports/sysroot.ts';
import { remoteFile } from './config-file.ts';

/** Kinds of signature. Where several are named, one good signature of each is demanded. */
export interface Kinds {
  readonly gpg: boolean;
  readonly ed25519: boolean;
}

/** What a remote demands of whoever wants to be believed to be it (ostree.repo-config(5)). */
export interface Demands {
  /** gpg-verify, sign-verify: each commit is signed. */
  readonly commit: Kinds;
  /** gpg-verify-summary, sign-verify-summary: the list of branches is signed, and branches are what it says. */
  readonly summary: Kinds;
  /** collection-id: each commit names it. */
  readonly collectionId?: string;
}

type DemandsRepo = Pick<RepoPort, 'path' | 'hasRemote' | 'remoteOption'>;

export const demandsAny = (kinds: Kinds): boolean => kinds.gpg || kinds.ed25519;

const none: Kinds = { gpg: false, ed25519: false };

/**
 * Read as libostree reads it: booleans by g_key_file_get_boolean (`true`, `1`, `false`, `0`), the sign-* keys as a
 * boolean or a list of signature types. Any other word throws `remote.bad-setting` with file, key and word: guessing would mean to verify nothing. A remote that
 * doesn't exist demands nothing, and nothing can be fetched from it.
 */
export function demandsOf(repo: DemandsRepo, remote: string): Demands {
  if (remote === '' || !repo.hasRemote(remote)) return { commit: none, summary: none };
  const option = (key: string): string | undefined => repo.remoteOption(remote, key);
  const bad = (key: string, word: string): never => {
    const sysroot = path.dirname(path.dirname(repo.path));
    const file = remoteFile(sysroot, repo.path, remote);
    throw new TreelineError('remote.bad-setting', { subject: remote, detail: word, key, ...(file ? { file } : {}) });
  };
  const boolean = (key: string, otherwise: boolean): boolean => booleanWord(option(key), otherwise, (word) => bad(key, word));
  const types = (key: string): boolean => signatureTypes(option(key), (word) => bad(key, word));
  const collectionId = option('collection-id');
  return {
    commit: { gpg: boolean('gpg-verify', true), ed25519: types('sign-verify') },
    summary: { gpg: boolean('gpg-verify-summary', false), ed25519: types('sign-verify-summary') },
    ...(collectionId ? { collectionId } : {}),
  };
}

/** g_key_file_get_boolean: blanks after the word are cut off, and upper case is another word. */
function booleanWord(text: string | undefined, otherwise: boolean, bad: (word: string) => never): boolean {
  if (text === undefined) return otherwise;
  const word = text.replace(/[\t\n\v\f\r ]+$/, '');
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  return bad(text);
}

/**
 * Whether ed25519 signatures are demanded: `true` means every type there is. libostree has two more: `dummy` verifies nothing, and `spki`
 * (since 2024.6) isn't known here; a list that names them is refused rather than shortened. An empty list, with which libostree verifies nothing,
 * is no way to say so, and is refused too.
 */
function signatureTypes(text: string | undefined, bad: (word: string) => never): boolean {
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  const separators = [';', ','].filter((separator) => text.includes(separator));
  // libostree demands one separator, and takes nothing away around it
  if (separators.length > 1) return bad(text);
  const words = text.split(separators[0] ?? ';');
  if (words.length > 1 && words.at(-1) === '') words.pop();
  if (words.some((word) => word !== 'ed25519')) return bad(text);
  return true;
}

/** Demands and what is wrong with them, for lists that show all remotes. */
export function tryDemandsOf(repo: DemandsRepo, remote: string): { readonly demands?: Demands; readonly problem?: TreelineError } {
  try {
    return { demands: demandsOf(repo, remote) };
  } catch (error) {
    if (error instanceof TreelineError) return { problem: error };
    throw error;
  }
}
