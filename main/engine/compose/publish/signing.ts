// SPDX-License-Identifier: LGPL-2.1-or-later
import { readRegularFile } from '../../../files/index.ts';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import type { Signing } from '../../base/ports/compose-store.ts';
import type { GpgKey } from '../../base/ports/compose-store.ts';

/** Keys to sign commits and the summary with, each of them. */
export interface SigningParams {
  readonly gpgSign?: readonly GpgKey[];
  /** Paths of files with a base64 ed25519 secret key (ostree-sign format) a line. */
  readonly ed25519KeyFiles?: readonly string[];
}

/**
 * The keys that a command names; `gpgKey` (the treefile's) counts when it names no GPG key. Throws compose.key-not-found for a file that
 * can't be read or holds none.
 */
export function signingOf(params: SigningParams, gpgKey?: string): Signing {
  const named = params.gpgSign ?? [];
  const gpg = named.length === 0 && gpgKey !== undefined ? [{ keyId: gpgKey }] : named;
  const ed25519 = (params.ed25519KeyFiles ?? []).flatMap(secretKeys);
  return { ...(gpg.length > 0 ? { gpg } : {}), ...(ed25519.length > 0 ? { ed25519 } : {}) };
}

export const signsAnything = (signing: Signing): boolean => (signing.gpg ?? []).length > 0 || (signing.ed25519 ?? []).length > 0;

function secretKeys(file: string): string[] {
  const unusable = (detail: string): TreelineError => new TreelineError('compose.key-not-found', { subject: file, detail });
  let text: string;
  try {
    text = readRegularFile(file).toString();
  } catch (error) {
    throw unusable(messageOf(error));
  }
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw unusable('it is empty');
  return keys;
}
