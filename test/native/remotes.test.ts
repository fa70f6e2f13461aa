// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

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

const at = (): { sysroot: string } => ({ sysroot: fixture.sysroot });
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const list = async (): Promise<Awaited<ReturnType<typeof job<'remote.list'>>>['result']> => (await job('remote.list', at())).result;
const base64 = (file: string): string => readFileSync(file).toString('base64');
const ostreeList = (): string => sh('ostree', 'remote', 'list', '-u', `--repo=${fixture.repo}`);

function gpg(...args: string[]): string {
  return sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
}

/** New keys; fingerprints, and their public parts in a file, binary and armoured. */
function keys(...names: readonly (readonly [name: string, expire: string])[]): { fingerprints: string[]; file: string; armoured: string } {
  const fingerprints = names.map(([name, expire]) => {
    gpg('--quick-generate-key', `${name} <k@example.org>`, 'ed25519', 'sign', expire);
    return /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', `=${name} <k@example.org>`))?.[1] as string;
  });
  const file = path.join(home, `${names[0]?.[0]}.gpg`.replaceAll(/[^\w.]/g, '_'));
  gpg('--output', file, '--export', ...fingerprints);
  gpg('--armor', '--output', `${file}.asc`, '--export', ...fingerprints);
  return { fingerprints, file, armoured: `${file}.asc` };
}

describe('names', () => {
  const good = ['fedora', 'a', '_u', 'x-1.y_2', 'ünï', '日本', 'a..b', '0'];
  const bad = [
    '',
    'a/b',
    'a:b',
    'a\nb',
    'a\r',
    '-x',
    '.',
    '..',
    '.hidden',
    'a b',
    'a"b',
    'a]b',
    'x@y',
    'a;b',
    'a\u0000b',
    'a\ufffd',
    'e\u0301',
  ];

  beforeEach(() => fixture.install(url, fixture.release({ version: '1' })));

  test('what is refused here couldn’t be used with ostree either, what is taken works there', async () => {
    for (const name of good) {
      expect(
        (await job('remote.add', { ...at(), name, url: `https://example.org/${good.indexOf(name)}`, gpgVerify: true })).result,
      ).toMatchObject({
        name,
        url: `https://example.org/${good.indexOf(name)}`,
        gpgVerify: true,
        usedBy: [],
      });
    }
    const before = readFileSync(path.join(fixture.repo, 'config'), 'utf8');
    for (const name of bad) {
      await expect(job('remote.add', { ...at(), name, url: 'https://example.org/', gpgVerify: true })).rejects.toMatchObject({
        code: 'remote.invalid-name',
        report: { detail: expect.stringMatching(/\w/) },
      });
    }
    expect(readFileSync(path.join(fixture.repo, 'config'), 'utf8')).toBe(before);
    // the judge: does libostree read it as the remote of a refspec
    const asRefspec = (name: string): string =>
      spawnSync('ostree', [`--repo=${fixture.repo}`, 'rev-parse', `${name}:main/x`], { encoding: 'utf8' }).stderr;
    for (const name of good) expect([name, asRefspec(name)]).toEqual([name, expect.stringContaining('not found')]);
    for (const name of bad.filter((n) => n !== '' && !n.includes('\0') && n !== '-x' && !n.includes('\r')))
      expect([name, /Invalid refspec|not found/.test(asRefspec(name))]).toEqual([name, true]);
    const listed = ostreeList();
    for (const name of good) expect(listed).toMatch(new RegExp(`^${name} +https://example.org/`, 'mu'));
  });

  test.each(['', 'ftp://x/y', 'example.org', 'https://', 'http://a b/', 'https://x/\n[remote "evil"]', 'file:///'])(
    'no address: %j',
    async (address) => {
      await expect(job('remote.add', { ...at(), name: 'n', url: address, gpgVerify: false })).rejects.toMatchObject({
        code: 'remote.invalid-url',
      });
      expect(ostreeList().trim().split('\n')).toHaveLength(1);
    },
  );
});

describe('changing', () => {
  beforeEach(() => fixture.install(url, fixture.release({ version: '1' })));

  test('add, edit, remove; a second of the name is refused', async () => {
    await job('remote.add', { ...at(), name: 'other', url: 'https://example.org/a', gpgVerify: true });
    await expect(job('remote.add', { ...at(), name: 'other', url: 'https://example.org/b', gpgVerify: true })).rejects.toMatchObject({
      code: 'remote.exists',
      report: { subject: 'other' },
    });
    const edited = (await job('remote.edit', { ...at(), name: 'other', url: 'https://example.org/c' })).result;
    expect(edited).toMatchObject({ url: 'https://example.org/c', gpgVerify: true });
    expect((await job('remote.edit', { ...at(), name: 'other', gpgVerify: false })).result).toMatchObject({
      url: 'https://example.org/c',
      gpgVerify: false,
      file: path.join(fixture.repo, 'config'),
    });
    expect(ostreeList()).toMatch(/^other +https:\/\/example.org\/c$/m);
    expect((await job('remote.remove', { ...at(), name: 'other' })).result).toEqual({ removed: 'other' });
    expect((await list()).map((r) => r.name)).toEqual(['origin']);
    expect(ostreeList()).not.toContain('other');
    await expect(job('remote.edit', { ...at(), name: 'other', gpgVerify: true })).rejects.toMatchObject({ code: 'origin.remote-missing' });
    await expect(job('remote.remove', { ...at(), name: 'other' })).rejects.toMatchObject({ code: 'origin.remote-missing' });
  });

  test('one in use is refused by the deployments’ names; forced, everything else goes on (field report 11)', async () => {
    const id = `${osname}-${fixture.commits[0]}.0`;
    expect(await list()).toMatchObject([{ name: 'origin', usedBy: [id], url }]);
    await expect(job('remote.remove', { ...at(), name: 'origin' })).rejects.toMatchObject({
      code: 'remote.in-use',
      report: { subject: 'origin', detail: id },
    });
    expect(ostreeList()).toContain('origin');
    await job('remote.remove', { ...at(), name: 'origin', force: true });
    const state = (await job('sysroot.load', at())).result;
    expect(state.deployments).toMatchObject([{ version: '1', origin: { problem: 'remote-missing', refspec: `origin:${branch}` } }]);
    expect((await job('update.check', os())).result).toMatchObject({
      kind: 'failed',
      error: { code: 'origin.remote-missing', subject: 'origin' },
    });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'origin.remote-missing' });
    expect(await list()).toEqual([]);
    await job('sysroot.pin', { ...at(), deploymentId: id, pinned: true });
    await job('sysroot.kargs', { ...os(), append: ['a=b'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] });
    // and adding it again repairs it
    await job('remote.add', { ...at(), name: 'origin', url, gpgVerify: false });
    expect((await job('update.check', os())).result.kind).toBe('up-to-date');
  });

  test('one of remotes.d is changed where it stands; its neighbours in the file stay', async () => {
    const dir = path.join(fixture.sysroot, 'etc/ostree/remotes.d');
    mkdirSync(dir, { recursive: true });
    const file = path.join(dir, 'two.conf');
    const first = '# ours\n[remote "one"]\nurl=https://example.org/one\ngpg-verify=true\nxa.custom=kept\n';
    writeFileSync(file, `${first}\n[remote "two"]\nurl=https://example.org/two\n`, { mode: 0o640 });
    expect((await list()).map((r) => [r.name, r.file])).toEqual(
      expect.arrayContaining([
        ['one', file],
        ['two', file],
      ]),
    );
    await job('remote.edit', { ...at(), name: 'one', url: 'https://example.org/moved', gpgVerify: false });
    expect(readFileSync(file, 'utf8')).toContain(
      '# ours\n[remote "one"]\nurl=https://example.org/moved\ngpg-verify=false\nxa.custom=kept\n',
    );
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(path.join(fixture.repo, 'config'), 'utf8')).not.toContain('moved');
    // as libostree reads it
    expect((await list()).find((r) => r.name === 'one')?.url).toBe('https://example.org/moved');
    await job('remote.remove', { ...at(), name: 'one' });
    expect(readFileSync(file, 'utf8')).toContain('[remote "two"]\nurl=https://example.org/two');
    expect(readFileSync(file, 'utf8')).not.toContain('one');
    await job('remote.remove', { ...at(), name: 'two' });
    expect(existsSync(file)).toBe(false);
    expect((await list()).map((r) => r.name)).toEqual(['origin']);
  });
});

describe('keys', () => {
  test('a key file is described before anything is trusted: fingerprints, users, times, expired, revoked', async () => {
    // GnuPG runs as a user without rights, who can't enter a directory of root's
    const scratch = mkdtempSync('/dev/shm/treeline-scratch-');
    chmodSync(scratch, 0o711);
    const env = { TMPDIR: scratch };
    const { fingerprints, file, armoured } = keys(['Ünï: "the" <first>', 'never'], ['brief', 'seconds=1']);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const seen = (await job('remote.inspect-key', { key: base64(file) }, { env })).result;
    expect(seen).toMatchObject([
      { type: 'gpg', fingerprint: fingerprints[0], userIds: ['Ünï: "the" <first> <k@example.org>'], expired: false, revoked: false },
      {
        type: 'gpg',
        fingerprint: fingerprints[1],
        userIds: ['brief <k@example.org>'],
        expired: true,
        revoked: false,
        expiresAt: expect.any(Number),
      },
    ]);
    expect((await job('remote.inspect-key', { key: base64(armoured) }, { env })).result).toEqual(seen);
    const revocation = path.join(home, 'revoke.asc');
    writeFileSync(
      revocation,
      readFileSync(path.join(home, 'openpgp-revocs.d', `${fingerprints[0]}.rev`), 'utf8').replace(':-----BEGIN', '-----BEGIN'),
    );
    gpg('--import', revocation);
    gpg('--output', `${file}.revoked`, '--export', fingerprints[0] as string);
    expect((await job('remote.inspect-key', { key: base64(`${file}.revoked`) }, { env })).result).toMatchObject([{ revoked: true }]);
    expect(readdirSync(scratch).filter((name) => name.startsWith('treeline-keys-'))).toEqual([]);
    rmSync(scratch, { recursive: true });
  });

  test('what isn’t a public key is refused, a secret one by name', async () => {
    const { fingerprints, file } = keys(['k', 'never']);
    gpg('--output', path.join(home, 'secret'), '--export-secret-keys', fingerprints[0] as string);
    const cut = readFileSync(file).subarray(0, 40);
    for (const bytes of [
      '',
      'hello',
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n',
      cut,
      Buffer.alloc(5 << 20),
    ]) {
      const key = Buffer.from(bytes).toString('base64');
      await expect(job('remote.inspect-key', { key })).rejects.toMatchObject({ code: 'key.unreadable' });
    }
    await expect(job('remote.inspect-key', { key: base64(path.join(home, 'secret')) })).rejects.toMatchObject({
      code: 'key.unreadable',
      report: { detail: expect.stringContaining('secret key') },
    });
  });

  test('imported, an update is taken which was refused before; the missing key is named (field report 19)', async () => {
    const right = keys(['right', 'never']);
    const next = keys(['next', 'never'], ['spare', 'never']);
    const signed = (k: string): string[] => [`--gpg-sign=${k}`, `--gpg-homedir=${home}`];
    fixture.install(url, fixture.release({ version: '1', commitArgs: signed(right.fingerprints[0] as string) }), [
      `--gpg-import=${right.file}`,
    ]);
    fixture.release({ version: '2', commitArgs: signed(next.fingerprints[0] as string) });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({
      code: 'repo.key-missing',
      report: { facts: { keyId: next.fingerprints[0]?.slice(-16) } },
    });
    expect(await list()).toMatchObject([{ keys: [{ fingerprint: right.fingerprints[0] }] }]);
    const imported = (await job('remote.import-key', { ...at(), name: 'origin', key: base64(next.armoured) })).result;
    expect(imported.map((k) => k.fingerprint)).toEqual(next.fingerprints);
    expect((await list())[0]?.keys.map((k) => k.fingerprint).sort()).toEqual([...right.fingerprints, ...next.fingerprints].sort());
    // the judge: ostree's own listing
    const judged = sh('ostree', 'remote', 'gpg-list-keys', `--repo=${fixture.repo}`, 'origin');
    for (const fingerprint of next.fingerprints) expect(judged).toContain(fingerprint);
    expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
    await expect(job('remote.import-key', { ...at(), name: 'gone', key: base64(next.file) })).rejects.toMatchObject({
      code: 'origin.remote-missing',
    });
    // removing the remote takes its keys along
    await job('remote.remove', { ...at(), name: 'origin', force: true });
    expect(readdirSync(fixture.repo).filter((name) => name.includes('trustedkeys'))).toEqual([]);
  });

  test('an ed25519 key', async () => {
    fixture.install(url, fixture.release({ version: '1' }));
    const raw = Buffer.alloc(32, 7).toString('base64');
    const key = Buffer.from(`${raw}\n`).toString('base64');
    const expected = [{ type: 'ed25519', fingerprint: raw, userIds: [], expired: false, revoked: false }];
    expect((await job('remote.inspect-key', { key })).result).toEqual(expected);
    expect((await job('remote.import-key', { ...at(), name: 'origin', key })).result).toEqual(expected);
    expect((await list())[0]?.keys).toEqual(expected);
    // from now on it is checked with: what isn't signed by it isn't taken
    const config = (key: string): string => sh('ostree', 'config', 'get', '--group=remote "origin"', key, `--repo=${fixture.repo}`).trim();
    expect(config('sign-verify')).toBe('ed25519');
    expect(config('verification-ed25519-file')).toBe(path.join(fixture.repo, 'origin.trustedkeys.ed25519'));
    fixture.release({ version: '2' });
    await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: expect.stringMatching(/^repo\.signature/) as string });
    // another key of the same kind leaves what was set as it is
    sh('ostree', 'config', 'set', '--group=remote "origin"', 'sign-verify', 'true', `--repo=${fixture.repo}`);
    const second = Buffer.from(`${Buffer.alloc(32, 9).toString('base64')}\n`).toString('base64');
    await job('remote.import-key', { ...at(), name: 'origin', key: second });
    expect(config('sign-verify')).toBe('true');
  });
});

describe('branches', () => {
  beforeEach(() => {
    fixture.install(url, fixture.release({ version: '1' }));
    fixture.release({ version: '2' });
    const tip = fixture.commits[1] as string;
    for (const ref of ['test/next', 'unrelated', 'other/stable', 'a/b/c'])
      sh('ostree', `--repo=${fixture.server}`, 'refs', `--create=${ref}`, tip);
    sh('ostree', `--repo=${fixture.server}`, 'summary', '-u');
  });

  test('from the summary, the own variant first; versions from commit objects alone', async () => {
    server.resetCounts();
    const refs = (await job('remote.refs', { ...os(), name: 'origin' })).result;
    expect(refs.map((r) => [r.ref, r.version, r.current, r.related])).toEqual([
      [branch, '2', true, true],
      ['other/stable', '2', false, true],
      ['test/next', '2', false, true],
      ['a/b/c', '2', false, false],
      ['unrelated', '2', false, false],
    ]);
    expect(refs[0]).toMatchObject({ checksum: fixture.commits[1], timestamp: 1_700_002_000 });
    const objects = [...server.served.keys()].filter((u) => u.startsWith('/objects/'));
    expect(objects.filter((u) => !u.endsWith('.commit'))).toEqual([]);
    expect(sh('ostree', `--repo=${fixture.server}`, 'refs').trim().split('\n').sort()).toEqual(refs.map((r) => r.ref).sort());
    await expect(job('remote.refs', { ...os(), name: 'nobody' })).rejects.toMatchObject({ code: 'origin.remote-missing' });
  });

  test('a branch whose commit the server lost hides nothing; no summary, garbage, a dead server are typed errors', async () => {
    sh('ostree', `--repo=${fixture.server}`, 'refs', '--create=lost', fixture.commits[0] as string);
    const lost = sh(
      'ostree',
      `--repo=${fixture.server}`,
      'commit',
      '-b',
      'lost',
      '--orphan',
      '-s',
      'x',
      `--tree=ref=${fixture.commits[0]}`,
    ).trim();
    sh('ostree', `--repo=${fixture.server}`, 'refs', '--delete', 'lost');
    sh('ostree', `--repo=${fixture.server}`, 'refs', '--create=lost', lost);
    sh('ostree', `--repo=${fixture.server}`, 'summary', '-u');
    rmSync(path.join(fixture.server, 'objects', lost.slice(0, 2), `${lost.slice(2)}.commit`));
    const refs = (await job('remote.refs', { ...os(), name: 'origin' })).result;
    expect(refs.find((r) => r.ref === 'lost')).toMatchObject({ checksum: lost, version: '' });
    expect(refs.find((r) => r.ref === branch)).toMatchObject({ version: '2' });
    writeFileSync(path.join(fixture.server, 'summary'), 'no summary at all');
    await expect(job('remote.refs', { ...os(), name: 'origin' })).rejects.toMatchObject({ code: 'repo.garbage' });
    rmSync(path.join(fixture.server, 'summary'));
    await expect(job('remote.refs', { ...os(), name: 'origin' })).rejects.toMatchObject({ code: 'repo.not-found' });
    server.fault = '403';
    await expect(job('remote.refs', { ...os(), name: 'origin' })).rejects.toMatchObject({ code: expect.stringMatching(/^repo\./) });
  });

  test('a summary that must be signed and isn’t is refused', async () => {
    sh('ostree', `--repo=${fixture.repo}`, 'config', 'set', 'remote "origin".gpg-verify-summary', 'true');
    await expect(job('remote.refs', { ...os(), name: 'origin' })).rejects.toMatchObject({ code: 'repo.signature-missing' });
  });

  test('the past of a branch: so many commit objects, what is deployed marked', async () => {
    for (let i = 3; i <= 14; i++) fixture.release({ version: String(i) });
    server.resetCounts();
    const five = (await job('remote.versions', { ...os(), refspec: `origin:${branch}`, limit: 5 })).result;
    expect(five.map((v) => v.version)).toEqual(['14', '13', '12', '11', '10']);
    const all = (await job('remote.versions', { ...os(), refspec: `origin:${branch}`, limit: 100 })).result;
    expect(all.map((v) => v.version)).toEqual(Array.from({ length: 14 }, (_, i) => String(14 - i)));
    expect(all.filter((v) => v.deployed).map((v) => v.version)).toEqual(['1']);
    expect([...server.served.keys()].filter((u) => u.startsWith('/objects/') && !u.endsWith('.commit'))).toEqual([]);
    await expect(job('remote.versions', { ...os(), refspec: 'origin:no/such', limit: 5 })).rejects.toMatchObject({
      code: expect.stringMatching(/^repo\.(ref-)?not-found$/),
    });
  });
});
