// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { iface, Variant, type Bus } from '../../shared/dbus/index.ts';
import { run, startTestHost, testUser, type TestHost } from './host.ts';
import { call, os, runJob, sysroot } from './peer.ts';

let host: TestHost;
let client: FullHostClient;
let bus: Bus;

beforeAll(async () => {
  host = await startTestHost({ helper: false });
  mkdirSync(path.join(host.dir, 'stick'));
  writeFileSync(path.join(host.dir, 'rpm-ostreed.conf'), `[Daemon]\nMediaDirectories=${host.dir}/stick\n`);
  await host.startHelper();
  client = createHostClient({ address: host.address, clientId: 'test', stay: false });
  bus = await host.connect();
});
afterAll(async () => {
  client?.close();
  await host?.stop();
});

const etc = (...parts: string[]): string => {
  const [first = ''] = host.checksums;
  return path.join(host.sysroot, 'ostree/deploy/testos/deploy', `${first}.0`, 'etc', ...parts);
};

describe('looking at an update before it is taken', () => {
  test('what changes in /etc, file by file, once the new defaults are here', async () => {
    writeFileSync(etc('vendor.conf'), 'mine\n');
    host.publish(2);
    await client.checkForUpdate();
    expect(await client.reviewSummary()).toMatchObject({ fromVersion: '1', toVersion: '2', toChecksum: host.checksums[1], staged: false });
    expect(await client.etcPreview()).toMatchObject({ available: false, entries: [] });
    expect(await client.fetchReview()).toMatchObject({ phase: 'succeeded' });
    const preview = await client.etcPreview();
    expect(preview).toMatchObject({ available: true, toChecksum: host.checksums[1] });
    expect(preview.entries).toMatchObject([{ path: 'vendor.conf', kind: 'both-changed', outcome: 'yours' }]);
    expect(await client.etcFile('vendor.conf')).toMatchObject({
      base: { text: 'release 1\n' },
      yours: { text: 'mine\n' },
      vendor: { text: 'release 2\n' },
    });
    // somebody edits a file: the next look sees it
    writeFileSync(etc('vendor.conf'), 'mine again\n');
    expect((await client.etcFile('vendor.conf')).yours.text).toBe('mine again\n');
  });

  test('what not everybody may read is shown to root only', async () => {
    writeFileSync(etc('secret.conf'), 'a password\n');
    chmodSync(etc('secret.conf'), 0o600);
    expect((await client.etcFile('secret.conf')).yours.text).toBe('a password\n');
    // nor the names in a directory that is closed to others
    mkdirSync(etc('closed'), { mode: 0o700 });
    writeFileSync(etc('closed/secret-name'), 'x');
    expect((await client.etcPreview()).entries.map((e) => e.path)).toContain('closed/secret-name');
    const listed = await host.callAs(testUser, os, `${iface.treelineOs}.EtcPreview`, "''");
    expect(listed).toContain('"hiddenCount":1');
    expect(listed).not.toContain('secret-name');
    const told = await host.callAs(testUser, os, `${iface.treelineOs}.EtcFile`, "''", "'secret.conf'");
    expect(told).not.toContain('a password');
    expect(told).toContain('unreadable');
    expect(await host.callAs(testUser, os, `${iface.treelineOs}.EtcFile`, "''", "'vendor.conf'")).toContain('mine again');
  });

  test('how /etc differs from what runs, and a default put back: kept, told, and only for who may', async () => {
    const names = (drift: { entries: readonly { path: string }[] }): string[] => drift.entries.map((each) => each.path);
    expect(names(await client.etcDrift())).toEqual(expect.arrayContaining(['closed/secret-name', 'secret.conf', 'vendor.conf']));
    const listed = await host.callAs(testUser, os, `${iface.treelineOs}.EtcDrift`);
    expect(listed).toContain('vendor.conf');
    expect(listed).not.toContain('secret-name');
    expect(await host.callAs(testUser, os, `${iface.treelineOs}.EtcOwnFile`, "'secret.conf'")).not.toContain('a password');
    expect(await client.etcOwnFile('vendor.conf')).toMatchObject({ base: { text: 'release 1\n' }, yours: { text: 'mine again\n' } });
    await expect(client.restoreEtc('a\nb')).rejects.toMatchObject({ code: 'service.bad-argument' });
    await expect(client.restoreEtc('secret.conf')).rejects.toMatchObject({ code: 'etc.no-default' });
    expect(await client.restoreEtc('vendor.conf')).toEqual({ changed: true, savedAs: 'vendor.conf.rpmsave' });
    expect(readFileSync(etc('vendor.conf'), 'utf8')).toBe('release 1\n');
    expect((await client.history(1))[0]).toMatchObject({ action: 'restore-etc', result: 'ok', subject: '/etc/vendor.conf' });
    writeFileSync(etc('vendor.conf'), 'mine again\n');
  });

  test('paths that lead elsewhere are refused before anything is looked at', async () => {
    for (const odd of ['../../../etc/shadow', '/etc/passwd', 'a/../../b', './a', 'a//b', '']) {
      await expect(client.etcFile(odd)).rejects.toMatchObject({ code: 'service.bad-argument' });
    }
    const [one = '', two = ''] = host.checksums;
    for (const odd of ['usr/bin/sh', '/usr/../../etc/shadow', '/', '']) {
      await expect(client.treeFile(one, two, odd)).rejects.toMatchObject({ code: 'service.bad-argument' });
    }
    await expect(client.treeDiff(one, 'main', { limit: 5 })).rejects.toMatchObject({ code: 'service.bad-argument' });
    // a link of /etc that leads out is told as a link
    symlinkSync('/etc/shadow', etc('leads-out'));
    expect((await client.etcFile('leads-out')).yours).toMatchObject({ type: 'symlink', linkTarget: '/etc/shadow' });
  });

  test('another version and another branch, by preview, with the answer for who asked and nobody else', async () => {
    host.publish(3);
    const details = await client.preview({ refspec: 'test:test/stable' });
    expect(details).toMatchObject({ fromVersion: '1', toVersion: '3', toChecksum: host.checksums[2] });
    expect(await client.preview({ revision: 'version=2' })).toMatchObject({ toVersion: '2' });
    await expect(client.preview({ refspec: 'test:no/such' })).rejects.toMatchObject({ code: expect.stringMatching(/^repo\./) as string });
    const { id } = (await client.snapshot()).pastJobs.find((job) => job.title === 'preview of version=2') ?? { id: '' };
    expect(await host.callAs(testUser, sysroot, `${iface.treelineSysroot}.JobResult`, `'${id}'`)).toBe("('',)\n");
    expect((await call(bus, sysroot, iface.treelineSysroot, 'JobResult', 's', [id]))[0]).toContain('"toVersion":"2"');
    const cli = [path.resolve('dist/cli/treeline.mjs'), 'deploy', 'version=2', '--preview'];
    expect((await run(process.execPath, cli, { env: host.env })).stdout).toContain('Version: 2 (2026-11-02T12:00:00Z)');
    expect((await client.snapshot()).deployments).toHaveLength(1);
  });

  test('files of two commits, once both are here', async () => {
    expect(await client.upgrade({})).toMatchObject({ phase: 'succeeded', changed: true });
    const [one = '', , three = ''] = host.checksums;
    const diff = await client.treeDiff(one, three, { limit: 1000 });
    expect(diff.changes.map((each) => each.path)).toEqual(expect.arrayContaining(['/usr/etc/vendor.conf', '/usr/lib/os-release']));
    expect((await client.treeDiff(one, three, { limit: 2, prefix: '/usr/etc' })).changes).toMatchObject([{ path: '/usr/etc/vendor.conf' }]);
    expect(await client.treeFile(one, three, '/usr/etc/vendor.conf')).toMatchObject({
      from: { text: 'release 1\n' },
      to: { text: 'release 3\n' },
    });
  });
});

describe('remotes', () => {
  const config = (): string => readFileSync(path.join(host.sysroot, 'ostree/repo/config'), 'utf8');

  test('are listed, added, edited, removed; the history says by whom', async () => {
    expect(await client.remotes()).toMatchObject([
      { name: 'test', gpgVerify: false, usedBy: expect.arrayContaining([expect.any(String)]) },
    ]);
    expect(await client.addRemote('other', 'https://example.org/repo', { gpgVerify: true })).toMatchObject({
      name: 'other',
      gpgVerify: true,
    });
    expect((await run('ostree', [`--repo=${host.sysroot}/ostree/repo`, 'remote', 'show-url', 'other'])).stdout).toBe(
      'https://example.org/repo\n',
    );
    expect(await client.editRemote('other', { url: 'https://example.org/new' })).toMatchObject({ url: 'https://example.org/new' });
    await client.removeRemote('other', {});
    expect(config()).not.toContain('example.org');
    await expect(client.removeRemote('test', {})).rejects.toMatchObject({ code: 'remote.in-use' });
    expect((await client.history(3)).map(({ action, subject, by }) => [action, subject, by.name])).toEqual([
      ['remote', 'test', 'root'],
      ['remote', 'other', 'root'],
      ['remote', 'other', 'root'],
    ]);
  });

  test('odd names and addresses are refused by name', async () => {
    for (const odd of ['../x', 'a/b', '', '-x', 'x\ny', 'x'.repeat(300)]) {
      await expect(client.addRemote(odd, 'https://example.org', { gpgVerify: true })).rejects.toMatchObject({
        code: 'service.bad-argument',
      });
    }
    for (const odd of ['ftp://x', 'javascript:alert(1)', 'https://a b', 'https://a\nb=c', '']) {
      await expect(client.addRemote('x', odd, { gpgVerify: true })).rejects.toMatchObject({
        code: expect.stringMatching(/argument|url/) as string,
      });
    }
  });

  test('a key is shown before it is trusted, and only what was shown is trusted', async () => {
    const home = path.join(host.dir, 'gpg');
    mkdirSync(home, { mode: 0o700 });
    const gpg = async (...args: string[]): Promise<Buffer> =>
      (await run('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { encoding: 'buffer' })).stdout;
    await gpg('--passphrase', '', '--quick-gen-key', 'Test <test@example.org>', 'ed25519', 'sign');
    const key = (await gpg('--export')).toString('base64');
    const [shown] = await client.inspectKey(key);
    expect(shown).toMatchObject({ type: 'gpg', userIds: ['Test <test@example.org>'], expired: false });
    const wrong = await runJobError(['test', key, ['0'.repeat(40)], {}]);
    expect(wrong).toMatch(/The file holds other keys/);
    expect((await client.remotes())[0]?.keys).toEqual([]);
    expect(await client.importKey('test', key)).toMatchObject([{ fingerprint: shown?.fingerprint }]);
    expect((await client.remotes())[0]?.keys).toMatchObject([{ fingerprint: shown?.fingerprint }]);
    await expect(client.inspectKey('not base64!')).rejects.toMatchObject({ code: 'service.bad-argument' });
    await expect(client.inspectKey('A'.repeat(400_000))).rejects.toMatchObject({ code: 'service.bad-argument' });
    await expect(client.inspectKey(Buffer.from('no key').toString('base64'))).rejects.toMatchObject({ code: 'key.unreadable' });
    await run('gpgconf', ['--homedir', home, '--kill', 'all']);
  });

  const runJobError = (body: readonly unknown[]): Promise<string> =>
    runJob(bus, sysroot, iface.treelineSysroot, 'ImportKey', 'ssasa{sv}', body).then(String, (error: Error) => error.message);

  test('branches and the past of one', async () => {
    const refs = await client.remoteRefs('test');
    expect(refs.map((each) => each.ref).sort()).toEqual(['build', 'test/stable']);
    expect(refs[0]).toMatchObject({ ref: 'test/stable', checksum: host.checksums[2], current: true });
    expect((await client.remoteVersions('test:test/stable', 2)).map((each) => each.version)).toEqual(['3', '2']);
    await expect(client.remoteRefs('nobody')).rejects.toMatchObject({ code: 'origin.remote-missing' });
  });
});

describe('media', () => {
  test('are taken only from where media are', async () => {
    mkdirSync(path.join(host.dir, 'elsewhere'), { recursive: true });
    symlinkSync(path.join(host.dir, 'elsewhere'), path.join(host.dir, 'stick/link'));
    for (const [odd, code] of [
      ['/etc', 'medium.path-refused'],
      [path.join(host.dir, 'elsewhere'), 'medium.path-refused'],
      [path.join(host.dir, 'stick/link'), 'medium.path-refused'],
      [path.join(host.dir, 'stick/nothing'), 'medium.path-refused'],
      [`${host.dir}/stick/../elsewhere`, 'service.bad-argument'],
      ['stick', 'service.bad-argument'],
    ] as const) {
      await expect(client.upgradeFromMedium(odd, {}), odd).rejects.toMatchObject({ code });
      await expect(client.preview({ medium: odd }), odd).rejects.toMatchObject({ code });
    }
  });

  test('are found in the configured folder, and say what they hold', async () => {
    const target = path.join(host.dir, 'stick/treeline');
    await run('ostree', ['init', `--repo=${target}`, '--mode=archive']);
    await run('ostree', ['pull-local', `--repo=${target}`, host.repo, 'test/stable']);
    const media = await client.media();
    expect(media.find((each) => each.path === target)).toMatchObject({ kind: 'repo', refs: [{ ref: 'test/stable', version: '3' }] });
    // nobody signed it, and this remote doesn't ask for it: a stick must
    const job = await client.upgradeFromMedium(target, {});
    expect(job).toMatchObject({ phase: 'failed', error: { code: 'medium.unverifiable' } });
  });
});

test('options that nobody knows are ignored', async () => {
  const odd = { 'no-such-option': new Variant('s', 'x'), reboot: new Variant('b', false) };
  expect(await runJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [odd])).toEqual([true, '']);
});
