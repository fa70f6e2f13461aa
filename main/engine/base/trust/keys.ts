// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RemoteKey } from '../../../../shared/domain/index.ts';
import { TreelineError, systemCodeOf } from '../../../../shared/errors/index.ts';

/** Key files are small; whole keyrings of a distribution have some hundred kilobytes. */
const maxKeyBytes = 4 << 20;

/** Bytes of a key file from a job's parameters. Throws `key.unreadable`. */
export function decodeKey(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0) throw new TreelineError('key.unreadable', { detail: 'the file is empty' });
  if (bytes.length > maxKeyBytes)
    throw new TreelineError('key.unreadable', { detail: `it has ${bytes.length} bytes, far more than a key` });
  return bytes;
}

/** Raw ed25519 public keys as ostree's key files have them: base64, one a line. undefined for anything else. */
export function ed25519Keys(bytes: Buffer): string[] | undefined {
  const lines = bytes
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.length > 0 && lines.every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line)) ? lines : undefined;
}

export const ed25519Key = (key: string): RemoteKey => ({ type: 'ed25519', fingerprint: key, userIds: [], expired: false, revoked: false });

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Public keys in `bytes`, armoured or binary, read by gpg (--show-keys) in a home directory of its own which is gone afterwards, as `user` if
 * given. Nothing is trusted by it. Throws `key.unreadable` for what isn't a public key, `library.missing` without gpg.
 */
export function readKeys(bytes: Buffer, user: User | undefined, nowSeconds: number): RemoteKey[] {
  const raw = ed25519Keys(bytes);
  if (raw) return raw.map(ed25519Key);
  const keys = parseColons(showKeys(bytes, user), nowSeconds);
  if (keys.length === 0) throw new TreelineError('key.unreadable', { detail: 'it holds no OpenPGP public key' });
  return keys;
}

function showKeys(bytes: Buffer, user: User | undefined): string {
  const home = mkdtempSync(path.join(tmpdir(), 'treeline-keys-'));
  try {
    if (user) chownSync(home, user.uid, user.gid);
    const options = [
      '--homedir',
      home,
      '--batch',
      '--no-options',
      '--no-autostart',
      '--no-tty',
      '--with-colons',
      '--fixed-list-mode',
      '--show-keys',
    ];
    const run = spawnSync('gpg', options, {
      input: bytes,
      encoding: 'utf8',
      timeout: 20_000,
      maxBuffer: 64 << 20,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
      cwd: '/',
      ...user,
    });
    if (systemCodeOf(run.error) === 'ENOENT') {
      throw new TreelineError('library.missing', {
        subject: 'gpg',
        detail: 'there is no such program',
        facts: { install: 'gnupg or gnupg2' },
      });
    }
    const detail =
      run.error?.message ??
      run.stderr
        .replace(/^gpg: /gm, '')
        .trim()
        .split('\n')
        .at(-1) ??
      '';
    if (/^(?:sec|ssb):/m.test(run.stdout)) {
      throw new TreelineError('key.unreadable', { detail: 'it holds a secret key: keep it to yourself, and export the public one' });
    }
    if (run.status !== 0) throw new TreelineError('key.unreadable', { detail: detail || `gpg ended with ${run.status ?? run.signal}` });
    return run.stdout;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** `gpg --with-colons` (doc/DETAILS of GnuPG): pub, its fpr, its uids. */
export function parseColons(text: string, nowSeconds: number): RemoteKey[] {
  const keys: { -readonly [K in keyof RemoteKey]: RemoteKey[K] }[] = [];
  let primary = false;
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    const last = keys.at(-1);
    if (fields[0] === 'pub' || fields[0] === 'sub') primary = fields[0] === 'pub';
    if (fields[0] === 'pub') {
      const [createdAt, expiresAt] = [Number(fields[5]), Number(fields[6])];
      const validity = fields[1] ?? '';
      keys.push({
        type: 'gpg',
        fingerprint: '',
        userIds: [],
        ...(createdAt > 0 ? { createdAt } : {}),
        ...(expiresAt > 0 ? { expiresAt } : {}),
        expired: validity === 'e' || (expiresAt > 0 && expiresAt <= nowSeconds),
        revoked: validity === 'r',
      });
    } else if (fields[0] === 'fpr' && last && primary && last.fingerprint === '') last.fingerprint = fields[9] ?? '';
    else if (fields[0] === 'uid' && last) last.userIds = [...last.userIds, unescapeColons(fields[9] ?? '')];
  }
  return keys;
}

/** gpg writes `:` and control characters as `\xHH`, of the UTF-8 bytes. */
function unescapeColons(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes = text
    .split(/(\\x[0-9a-f]{2})/i)
    .map((part, i) => (i % 2 === 1 ? Buffer.from([parseInt(part.slice(2), 16)]) : Buffer.from(part)));
  return Buffer.concat(bytes).toString('utf8');
}
