// SPDX-License-Identifier: LGPL-2.1-or-later
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyEd25519 } from '../../main/engine/base/trust/signatures.ts';
import { Repo } from '../../main/native/ostree/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let url: string;
let home: string;

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  url = await server.start();
  home = mkdtempSync('/dev/shm/treeline-gpg-');
});

afterEach(async () => {
  await server.stop();
  sh('gpgconf', '--homedir', home, '--kill', 'all');
  rmSync(home, { recursive: true, force: true });
  fixture[Symbol.dispose]();
});

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });

/** A new key; its fingerprint, and its public part in a file. */
function gpgKey(name: string, expire = 'never'): { fingerprint: string; file: string } {
  const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
  gpg('--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', expire);
  const listing = gpg('--with-colons', '--list-keys', `${name}@example.org`);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] as string;
  const file = path.join(home, `${name}.gpg`);
  gpg('--output', file, '--export', fingerprint);
  return { fingerprint, file };
}

/** So many days ago it is for gpg when it makes keys and signatures. */
function gpgTime(daysAgo = 0): void {
  const time = new Date(Date.now() - daysAgo * 86_400_000).toISOString().replace(/[-:]/g, '').slice(0, 15);
  writeFileSync(path.join(home, 'gpg.conf'), daysAgo === 0 ? '' : `faked-system-time ${time}\n`);
}

const signedBy = (key: { fingerprint: string }): string[] => [`--gpg-sign=${key.fingerprint}`, `--gpg-homedir=${home}`];

describe('gpg', () => {
  test('the right key: valid, named, in check, details and status', async () => {
    const key = gpgKey('right');
    fixture.install(url, fixture.release({ version: '1', commitArgs: signedBy(key) }), [`--gpg-import=${key.file}`]);
    fixture.release({ version: '2', commitArgs: signedBy(key) });
    const check = (await job('update.check', os())).result;
    const signature = { type: 'gpg', valid: true, fingerprint: key.fingerprint, userName: 'right', userEmail: 'right@example.org' };
    expect(check).toMatchObject({ kind: 'available', update: { signatures: [signature] } });
    await job('update.upgrade', os());
    const { deployments } = (await job('sysroot.load', { sysroot: fixture.sysroot })).result;
    expect(deployments.map((d) => [d.version, d.verified, d.signatures.map((s) => s.valid)])).toEqual([
      ['2', true, [true]],
      ['1', true, [true]],
    ]);
    // the judge: ostree's own reading of the imported commit
    expect(sh('ostree', `--repo=${fixture.repo}`, 'show', '--gpg-verify-remote=origin', fixture.commits[1] as string)).toContain(
      'Good signature',
    );
  });

  test('a key that isn’t trusted here is named by its id (field report 19)', async () => {
    const [right, other] = [gpgKey('right'), gpgKey('other')];
    fixture.install(url, fixture.release({ version: '1', commitArgs: signedBy(right) }), [`--gpg-import=${right.file}`]);
    fixture.release({ version: '2', commitArgs: signedBy(other) });
    const keyId = other.fingerprint.slice(-16);
    const error = { code: 'repo.key-missing', subject: 'Version 2', facts: { keyId } };
    expect((await job('update.check', os())).result).toMatchObject({ kind: 'failed', error });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.key-missing', report: error });
    expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).not.toContain('Version: 2');
  });

  test('several keys at once: one that is trusted suffices (field report 19)', async () => {
    const [right, next] = [gpgKey('right'), gpgKey('next')];
    fixture.install(url, fixture.release({ version: '1', commitArgs: signedBy(right) }), [`--gpg-import=${right.file}`]);
    fixture.release({ version: '2', commitArgs: [...signedBy(right), `--gpg-sign=${next.fingerprint}`] });
    const check = (await job('update.check', os())).result;
    if (check.kind !== 'available') throw new Error(JSON.stringify(check));
    expect(check.update.signatures?.map((s) => [s.valid, s.keyMissing]).sort()).toEqual([
      [false, true],
      [true, false],
    ]);
  });

  test('no signature', async () => {
    const key = gpgKey('right');
    fixture.install(url, fixture.release({ version: '1', commitArgs: signedBy(key) }), [`--gpg-import=${key.file}`]);
    fixture.release({ version: '2' });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.signature-missing', report: { subject: 'Version 2' } });
  });

  test('a source that promises only a signed summary is refused while its summary isn’t signed', async () => {
    fixture.install(url, fixture.release({ version: '1' }), ['--no-gpg-verify', '--set=gpg-verify-summary=true']);
    fixture.release({ version: '2' });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.signature-missing' });
    expect((await job('update.check', os())).result).toMatchObject({ kind: 'failed', error: { code: 'repo.signature-missing' } });
  });

  test('a signature of something else', async () => {
    const key = gpgKey('right');
    fixture.install(url, fixture.release({ version: '1', commitArgs: signedBy(key) }), [`--gpg-import=${key.file}`]);
    const v2 = fixture.release({ version: '2', commitArgs: signedBy(key) });
    const meta = (sum: string): string => path.join(fixture.server, 'objects', sum.slice(0, 2), `${sum.slice(2)}.commitmeta`);
    sh('cp', meta(fixture.commits[0] as string), meta(v2));
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.signature-invalid', report: { subject: 'Version 2' } });
  });

  test('an expired key is said to be expired (field report 19)', async () => {
    const right = gpgKey('right');
    gpgTime(100);
    const old = gpgKey('old', '60d');
    gpgTime();
    fixture.install(url, fixture.release({ version: '1', commitArgs: signedBy(right) }), [
      `--gpg-import=${right.file}`,
      `--gpg-import=${old.file}`,
    ]);
    gpgTime(90);
    fixture.release({ version: '2', commitArgs: signedBy(old) });
    gpgTime();
    await expect(job('update.upgrade', os())).rejects.toMatchObject({
      code: 'repo.key-expired',
      report: { facts: { keyId: old.fingerprint.slice(-16) } },
    });
  });
});

describe('ed25519', () => {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('base64');

  /** What ostree-sign writes: detached metadata `ostree.sign.ed25519`, signatures of the commit object's bytes. */
  function signCommit(checksum: string, tamper = false): void {
    using repo = Repo.open(fixture.server);
    const signature = sign(null, repo.loadCommit(checksum).bytes, pair.privateKey);
    if (tamper) signature[3] = (signature[3] ?? 0) ^ 1;
    // a{sv} with one aay of one element, in GVariant's serialised form, by the ostree program's own metadata writer: not there for detached
    // metadata, so by the format: key, padding, ay, framing
    const key = Buffer.from('ostree.sign.ed25519\0');
    const value = Buffer.concat([signature, Buffer.from([64])]);
    const variant = Buffer.concat([value, Buffer.from('\0aay')]);
    const start = Math.ceil(key.length / 8) * 8;
    const entry = Buffer.concat([key, Buffer.alloc(start - key.length), variant, Buffer.from([key.length])]);
    const bytes = Buffer.concat([entry, Buffer.from([entry.length])]);
    const file = path.join(fixture.server, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commitmeta`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }

  const remote = ['--no-gpg-verify', '--set=sign-verify=ed25519', `--set=verification-ed25519-key=${publicKey}`];

  test('right key', async () => {
    const v1 = fixture.release({ version: '1' });
    signCommit(v1);
    fixture.install(url, v1, remote);
    signCommit(fixture.release({ version: '2' }));
    const check = (await job('update.check', os())).result;
    expect(check).toMatchObject({ kind: 'available', update: { signatures: [{ type: 'ed25519', valid: true, keyId: publicKey }] } });
    expect((await job('update.upgrade', os())).result.changed).toBe(true);
    const { deployments } = (await job('sysroot.load', { sysroot: fixture.sysroot })).result;
    expect(deployments[0]).toMatchObject({ verified: true, signatures: [{ type: 'ed25519', valid: true }] });
  });

  test('wrong signature, no signature', async () => {
    const v1 = fixture.release({ version: '1' });
    fixture.install(url, v1, remote);
    const v2 = fixture.release({ version: '2' });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.signature-missing' });
    signCommit(v2, true);
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.signature-invalid' });
    signCommit(v2);
    expect((await job('update.upgrade', os())).result.changed).toBe(true);
  });

  test('a revoked key is no good, without any key its absence is said', () => {
    const data = Buffer.from('data');
    const good = sign(null, data, pair.privateKey);
    expect(verifyEd25519(data, [good], { trusted: [publicKey], revoked: [publicKey] })).toMatchObject([{ valid: false, keyRevoked: true }]);
    expect(verifyEd25519(data, [good], { trusted: [], revoked: [] })).toMatchObject([{ valid: false, keyMissing: true }]);
    expect(verifyEd25519(Buffer.from('other'), [good], { trusted: [publicKey], revoked: [] })).toMatchObject([{ valid: false }]);
  });
});
