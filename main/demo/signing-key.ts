// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, tryRun } from './processes.ts';

export interface SigningKey {
  readonly homedir: string;
  readonly keyId: string;
  /** ASCII-armoured public key. */
  readonly publicKey: string;
}

/**
 * Runs `use` with a new GPG key that exists for its duration only: once the releases are signed, nobody needs it again. `parent`: a folder
 * with a short path, because gpg-agent's sockets live in the home directory.
 */
export async function withSigningKey<T>(parent: string, userId: string, use: (key: SigningKey) => Promise<T>): Promise<T> {
  const homedir = path.join(parent, 'gnupg');
  rmSync(homedir, { recursive: true, force: true });
  mkdirSync(homedir, { recursive: true, mode: 0o700 });
  const gpg = (...args: string[]): Promise<string> => run('gpg', ['--homedir', homedir, '--batch', '--quiet', ...args]);
  try {
    await gpg('--passphrase', '', '--quick-generate-key', userId, 'ed25519', 'sign', 'never');
    const listing = await gpg('--with-colons', '--list-secret-keys');
    const keyId = /^fpr:+([0-9A-F]+):/m.exec(listing)?.[1] ?? '';
    const publicKey = await gpg('--armor', '--export', keyId);
    return await use({ homedir, keyId, publicKey });
  } finally {
    await tryRun('gpgconf', ['--homedir', homedir, '--kill', 'gpg-agent']);
    rmSync(homedir, { recursive: true, force: true });
  }
}

export function writePublicKey(file: string, key: SigningKey): void {
  writeFileSync(file, `${key.publicKey}\n`);
}
