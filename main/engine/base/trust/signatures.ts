// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { clockDoubt, timeText, type Signature } from '../../../../shared/domain/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';
import type { Kinds } from './demands.ts';

/** Verifies detached GPG signatures of `data` with the keyrings of `remote` of `repo`. */
export type GpgVerify = (remote: string, data: Uint8Array, signatures: readonly Uint8Array[]) => readonly Signature[];

const gpgKey = 'ostree.gpgsigs';
const ed25519Key = 'ostree.sign.ed25519';

/** All signatures of a commit which is in `source`, checked against the keys that `repo` trusts for `remote`. */
export function commitSignatures(
  commit: CommitPort,
  source: RepoPort,
  repo: RepoPort,
  remote: string,
  gpg: GpgVerify,
): readonly Signature[] {
  if (remote === '' || !repo.hasRemote(remote)) return [];
  const gpgSignatures = source.detachedSignatures(commit.checksum, gpgKey);
  const edSignatures = source.detachedSignatures(commit.checksum, ed25519Key);
  return [
    ...(gpgSignatures.length > 0 ? gpg(remote, commit.bytes, gpgSignatures) : []),
    ...(edSignatures.length > 0 ? verifyEd25519(commit.bytes, edSignatures, ed25519TrustedKeys(repo, remote)) : []),
  ];
}

/** DER prefix of an Ed25519 SubjectPublicKeyInfo (RFC 8410); the raw 32-byte key follows. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** ostree signs the commit object's bytes; keys are raw, base64. One entry a signature. */
export function verifyEd25519(
  data: Uint8Array,
  signatures: readonly Uint8Array[],
  keys: { readonly trusted: readonly string[]; readonly revoked: readonly string[] },
): Signature[] {
  return signatures.map((signature) => {
    const good = (key: string): boolean => {
      const raw = Buffer.from(key, 'base64');
      if (raw.length !== 32 || signature.length !== 64) return false;
      return verify(null, data, createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' }), signature);
    };
    const revoked = keys.revoked.find(good);
    const key = revoked ?? keys.trusted.find(good);
    return {
      type: 'ed25519',
      valid: key !== undefined && revoked === undefined,
      keyId: key ?? '',
      fingerprint: key ?? '',
      keyMissing: key === undefined && keys.trusted.length === 0,
      keyExpired: false,
      keyRevoked: revoked !== undefined,
      signatureExpired: false,
    };
  });
}

/** ostree-sign's places: a remote that names its own key or file believes no system-wide one, not even when its file is gone. */
export function ed25519TrustedKeys(repo: RepoPort, remote: string): { trusted: string[]; revoked: string[] } {
  const inline = repo.remoteOption(remote, 'verification-ed25519-key');
  const keyFile = repo.remoteOption(remote, 'verification-ed25519-file');
  const own = inline !== undefined || keyFile !== undefined;
  const trusted = own ? [...(inline ? [inline.trim()] : []), ...(keyFile ? keyLines(keyFile) : [])] : systemKeys('trusted.ed25519');
  return { trusted, revoked: systemKeys('revoked.ed25519') };
}

function systemKeys(name: string): string[] {
  return ['/etc/ostree', '/usr/share/ostree'].flatMap((directory) => {
    const folder = path.join(directory, `${name}.d`);
    return [path.join(directory, name), ...listFiles(folder)].flatMap(keyLines);
  });
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

function keyLines(file: string): string[] {
  try {
    return readRegularFile(file)
      .toString()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

/** Throws when something isn't signed as its remote demands; one good signature of each demanded kind suffices. */
export function requireSigned(kinds: Kinds, signatures: readonly Signature[], subject: string): void {
  if (kinds.gpg) requireOne('gpg', signatures, subject);
  if (kinds.ed25519) requireOne('ed25519', signatures, subject);
}

function requireOne(type: Signature['type'], all: readonly Signature[], subject: string): void {
  const signatures = all.filter((s) => s.type === type);
  if (signatures.length === 0) throw new TreelineError('repo.signature-missing', { subject });
  if (signatures.some((s) => s.valid)) return;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const clock = timeText(nowSeconds);
  const odd = signatures.find((s) => clockDoubt(s, nowSeconds) !== undefined);
  if (odd)
    throw new TreelineError('repo.clock-wrong', { subject, facts: { clock, signed: timeText(odd.timeSeconds ?? 0), keyId: odd.keyId } });
  const expired = signatures.find((s) => s.keyExpired || s.signatureExpired);
  if (expired) {
    const { expiresSeconds = 0, keyExpiresSeconds = 0, primaryKeyExpiresSeconds = 0 } = expired.gpg ?? {};
    const ends = (expired.keyExpired ? [keyExpiresSeconds, primaryKeyExpiresSeconds] : [expiresSeconds]).filter((at) => at > 0);
    const expiredAt = ends.length > 0 ? timeText(Math.min(...ends)) : '';
    throw new TreelineError('repo.key-expired', { subject, facts: { keyId: expired.keyId, clock, expiredAt } });
  }
  const missing = signatures.filter((s) => s.keyMissing);
  if (missing.length === signatures.length) {
    throw new TreelineError('repo.key-missing', {
      subject,
      facts: { keyId: missing.map((s) => s.keyId || type).join(', ') },
    });
  }
  const detail = signatures.some((s) => s.keyRevoked) ? 'its key was revoked' : `the ${type} signature doesn’t fit the content`;
  throw new TreelineError('repo.signature-invalid', { subject, detail });
}

/** The commit's bytes must be what its checksum names: a repository that isn't trusted may hold anything. */
export function requireIntact(commit: CommitPort, subject: string): void {
  const actual = createHash('sha256').update(commit.bytes).digest('hex');
  if (actual !== commit.checksum) {
    throw new TreelineError('repo.corrupt', { subject, detail: `content has checksum ${actual}` });
  }
}

/** Changes whenever a keyring or key file that a remote uses changes. */
export function keyringFingerprint(repo: RepoPort, remote: string): string {
  const gpgkeypath = (repo.remoteOption(remote, 'gpgkeypath') ?? '').split(/[;,]/).filter((p) => p !== '');
  const edFile = repo.remoteOption(remote, 'verification-ed25519-file');
  const files = [
    path.join(repo.path, `${remote}.trustedkeys.gpg`),
    `/etc/ostree/remotes.d/${remote}.trustedkeys.gpg`,
    ...gpgkeypath,
    ...(edFile === undefined ? [] : [edFile]),
    ...['/usr/share/ostree/trusted.gpg.d', '/etc/ostree/trusted.ed25519.d', '/usr/share/ostree/trusted.ed25519.d'].flatMap((d) => [
      d,
      ...listFiles(d),
    ]),
    '/etc/ostree/trusted.ed25519',
  ];
  const inline = repo.remoteOption(remote, 'verification-ed25519-key') ?? '';
  return createHash('sha256')
    .update(`${inline}|${files.map(stamp).join('|')}`)
    .digest('hex')
    .slice(0, 16);
}

function stamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${file}:${stat.mtimeMs}:${stat.size}` : '';
}
