// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSigningKey, writePublicKey } from '../../main/demo/signing-key.ts';
import { Connection, iface, openSocket, Variant, type Bus } from '../../shared/dbus/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { call, finished, openJob, os, runJob, start, sysroot } from './peer.ts';
import { dictKeys, recording } from './recording.ts';

/*
 * The calls of GNOME Software, cockpit-ostree and KDE Discover, in their order and with exactly their arguments, as their sources have them.
 * Whoever changes an answer here breaks a program that isn't ours.
 */
type Dict = Readonly<Record<string, Variant>>;
const b = (value: boolean): Variant => new Variant('b', value);
const s = (value: string): Variant => new Variant('s', value);
const done = [true, ''];

let host: TestHost;
let bus: Bus;
const all = async (objectPath: string, name: string): Promise<Dict> =>
  (await call(bus, objectPath, iface.properties, 'GetAll', 's', [name]))[0] as Dict;
const deployments = async (): Promise<Dict[]> => (await all(sysroot, iface.sysroot)).Deployments?.value as Dict[];
const cli = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  run(process.execPath, [path.resolve('dist/cli/treeline.mjs'), ...args], { env: host.env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

async function setUp(): Promise<void> {
  host = await startTestHost({ helper: false });
  const repo = `--repo=${host.sysroot}/ostree/repo`;
  // what they show of signatures needs a source that demands them
  await withSigningKey(path.join(host.dir), 'Test <test@example.org>', async (key) => {
    writePublicKey(path.join(host.dir, 'key.asc'), key);
    for (const checksum of host.checksums) {
      await run('ostree', ['gpg-sign', `--repo=${host.repo}`, `--gpg-homedir=${key.homedir}`, checksum, key.keyId]);
    }
  });
  await run('ostree', ['remote', 'gpg-import', repo, '-k', path.join(host.dir, 'key.asc'), 'test']);
  await run('ostree', ['config', repo, 'set', 'remote "test".gpg-verify', 'true']);
  await run('ostree', ['pull', repo, '--commit-metadata-only', 'test', host.checksums[0] ?? '']);
  await host.startHelper();
  bus = await host.connect();
}

describe('GNOME Software', () => {
  beforeAll(setUp);
  afterAll(() => host?.stop());
  /** All of them, always, as its make_rpmostree_options_variant does. */
  const options = (wanted: Partial<Record<string, boolean>> = {}): Dict =>
    Object.fromEntries(
      ['reboot', 'allow-downgrade', 'cache-only', 'download-only', 'skip-purge', 'no-pull-base', 'dry-run', 'no-overrides'].map((key) => [
        key,
        b(wanted[key] ?? false),
      ]),
    );

  test('sets up', async () => {
    expect(await call(bus, sysroot, iface.sysroot, 'RegisterClient', 'a{sv}', [{ id: s('gnome-software') }])).toEqual([]);
    expect(await call(bus, sysroot, iface.sysroot, 'GetOS', 's', [''])).toEqual([os]);
    expect(await call(bus, sysroot, iface.sysroot, 'Reload')).toEqual([]);
    for (const deployment of await deployments()) {
      // it aborts without these three
      expect(deployment.packages?.signature).toBe('as');
      expect(deployment['requested-local-packages']?.signature).toBe('as');
      expect(deployment.checksum?.value).toMatch(/^[0-9a-f]{64}$/);
    }
    // it waits as long as this isn't empty
    expect((await all(sysroot, iface.sysroot)).ActiveTransactionPath?.value).toBe('');
  });

  test('refreshes: metadata, then the automatic policy’s check; reads the update', async () => {
    host.publish(2);
    expect(await runJob(bus, os, iface.os, 'RefreshMd', 'a{sv}', [{ force: b(true) }])).toEqual(done);
    const [enabled, address] = await call(bus, os, iface.os, 'AutomaticUpdateTrigger', 'a{sv}', [{ mode: s('check') }]);
    expect([enabled, address]).toEqual([true, expect.stringMatching(/^unix:/)]);
    const peer = new Connection(await openSocket(address as string, 60_000));
    const end = finished(peer);
    await start(peer);
    expect(await end).toEqual(done);
    peer.close();
    const update = (await all(os, iface.os)).CachedUpdate?.value as Dict;
    expect(update.version?.value).toBe('2');
    const diff = update['rpm-diff']?.value as Dict;
    expect(diff.upgraded?.value).toEqual([[0, 'kernel', ['1.0-1', 'x86_64'], ['2.0-1', 'x86_64']]]);
    expect(diff.downgraded?.value).toEqual([]);
    expect(diff.removed?.value).toEqual([[0, 'leaving', '1.0-1', 'x86_64']]);
    expect(diff.added?.value).toEqual([[0, 'coming', '1.0-1', 'x86_64']]);
  });

  test('fetches first, deploys from what was fetched, with all its options', async () => {
    expect(await runJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [options({ 'download-only': true })])).toEqual(done);
    expect(await deployments()).toHaveLength(1);
    expect(await runJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [options({ 'cache-only': true })])).toEqual(done);
    expect((await deployments())[0]?.version?.value).toBe('2');
  });

  test('reads the changes as text', async () => {
    const { stdout, code } = await cli(
      'db',
      'diff',
      `--sysroot=${host.sysroot}`,
      '--changelogs',
      '--format=block',
      ...host.checksums.slice(0, 2),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Upgraded:$/m);
    expect(stdout).toMatch(/^ {2}kernel 1\.0-1 -> 2\.0-1$/m);
    expect(stdout).toMatch(/^ {4}\* \d{4}-\d\d-\d\d Ada <ada@example\.org>\n {4}- change 2 of kernel$/m);
    expect(stdout).toMatch(/^Removed:\n {2}leaving-1\.0-1\.x86_64$/m);
    expect(stdout).toMatch(/^Added:\n {2}coming-1\.0-1\.x86_64$/m);
  });

  test('takes it back, moves to another branch, asks for packages', async () => {
    expect(await runJob(bus, os, iface.os, 'Cleanup', 'as', [['pending-deploy']])).toEqual(done);
    expect(await runJob(bus, os, iface.os, 'Rebase', 'a{sv}sas', [options(), 'test:build', []])).toEqual(done);
    expect((await deployments())[0]?.origin?.value).toBe('test:build');
    expect(await call(bus, os, iface.os, 'ListRepos')).toEqual([[]]);
    expect(await call(bus, os, iface.os, 'GetPackages', 'as', [['htop']])).toEqual([[]]);
    expect(await call(bus, os, iface.os, 'WhatProvides', 'as', [['/usr/bin/htop']])).toEqual([[]]);
  });

  test('what can’t be done yet is refused by name, and nothing is left in its way', async () => {
    const enable = [{ 'install-modules': new Variant('as', ['x:1']) }, options()];
    await expect(openJob(bus, os, iface.os, 'UpdateDeployment', 'a{sv}a{sv}', enable)).rejects.toThrow(
      /“install-modules”.*\[not-supported\]/,
    );
    expect(await runJob(bus, os, iface.os, 'ModifyYumRepo', 'sa{ss}', ['updates', { enabled: '1' }])).toEqual([
      false,
      expect.stringContaining('[rpmmd.repo-not-found]'),
    ]);
    expect((await all(sysroot, iface.sysroot)).ActiveTransactionPath?.value).toBe('');
    expect(await call(bus, sysroot, iface.sysroot, 'UnregisterClient', 'a{sv}', [{ id: s('gnome-software') }])).toEqual([]);
  });
});

describe('cockpit-ostree', () => {
  beforeAll(setUp);
  afterAll(() => host?.stop());
  const reloadConfig = (): Promise<readonly unknown[]> => call(bus, sysroot, iface.sysroot, 'ReloadConfig');

  test('sees the objects below the root path, by introspection and by the object manager', async () => {
    await call(bus, sysroot, iface.sysroot, 'RegisterClient', 'a{sv}', [{ id: s('cockpit-ostree') }]);
    const root = '/org/projectatomic/rpmostree1';
    const [xml] = await call(bus, root, iface.introspectable, 'Introspect');
    expect(xml).toContain('<node name="testos"/>');
    const [objects] = (await call(bus, root, iface.objectManager, 'GetManagedObjects')) as [Record<string, Record<string, Dict>>];
    expect(Object.keys(objects).sort()).toEqual([sysroot, os].sort());
    expect(Object.keys(objects[os]?.[iface.os] ?? {})).toEqual(
      expect.arrayContaining(dictKeys(recording('transaction-rollback.txt'), 'OS.GetAll')),
    );
  });

  test('looks for an update and lists its packages', async () => {
    host.publish(2);
    await reloadConfig();
    expect(await runJob(bus, os, iface.os, 'DownloadUpdateRpmDiff', '', [])).toEqual(done);
    const [rows, details] = (await call(bus, os, iface.os, 'GetCachedUpdateRpmDiff', 's', [''])) as [unknown[][], Dict];
    expect(rows.map(([name, kind]) => [name, kind])).toEqual([
      ['coming', 0],
      ['kernel', 2],
      ['leaving', 1],
    ]);
    expect(details).toMatchObject({
      version: { value: '2' },
      checksum: { value: host.checksums[1] },
      origin: { value: 'test:test/stable' },
    });
  });

  test('looks at another branch before it moves there', async () => {
    await reloadConfig();
    expect(await runJob(bus, os, iface.os, 'DownloadRebaseRpmDiff', 'sas', ['test:build', []])).toEqual(done);
    const [rows, details] = (await call(bus, os, iface.os, 'GetCachedRebaseRpmDiff', 'sas', ['test:build', []])) as [unknown[][], Dict];
    expect(rows.find(([name]) => name === 'kernel')?.[2]).toMatchObject({ NewPackage: { value: ['kernel', '3.0-1', 'x86_64'] } });
    expect(details).toMatchObject({ version: { value: '3' }, origin: { value: 'test:build' } });
    await expect(call(bus, os, iface.os, 'GetCachedRebaseRpmDiff', 'sas', ['test:other', []])).rejects.toThrow(/\[update\.none\]/);
  });

  test('deploys a version, shows whose it is, compares, moves, goes back, cleans up, resets', async () => {
    await reloadConfig();
    const [one = '', two = ''] = host.checksums;
    expect(await runJob(bus, os, iface.os, 'Deploy', 'sa{sv}', [two, { reboot: b(false) }])).toEqual(done);
    const [newest] = await deployments();
    expect(newest).toMatchObject({ checksum: { value: two }, 'gpg-enabled': { value: true } });
    const [signature] = newest?.signatures?.value as Variant[];
    expect(signature?.signature).toBe('(bbbbbsxxsssssxx)');
    // in the order of ostree_gpg_verify_result_get: valid, ..., fingerprint, time, ..., name, e-mail
    const fields = signature?.value as unknown[];
    expect(fields).toHaveLength(15);
    // GPG's own words for the algorithms; the primary key's fingerprint; neither key expires
    expect(fields.slice(8, 10)).toEqual([expect.stringMatching(/^\w+$/), expect.stringMatching(/^SHA\d+$/)]);
    expect(fields.slice(12)).toEqual([expect.stringMatching(/^[0-9A-F]{40}$/), 0n, 0n]);
    expect([fields[0], fields[10], fields[11]]).toEqual([true, 'Test', 'test@example.org']);
    expect(fields[5]).toMatch(/^[0-9A-F]{16,40}$/);
    const ids = (await deployments()).map((each) => each.id?.value as string);
    const [rows] = (await call(bus, os, iface.os, 'GetDeploymentsRpmDiff', 'ss', [ids[1], ids[0]])) as [unknown[][]];
    expect(rows.map(([name]) => name)).toEqual(['coming', 'kernel', 'leaving']);

    await reloadConfig();
    const rebase = [{ reboot: b(false), revision: s(one) }, 'test:test/stable', []];
    expect(await runJob(bus, os, iface.os, 'Rebase', 'a{sv}sas', rebase)).toEqual(done);
    expect((await deployments())[0]).toMatchObject({ checksum: { value: one } });
    await reloadConfig();
    expect(await runJob(bus, os, iface.os, 'Rollback', 'a{sv}', [{ reboot: b(false) }])).toEqual(done);
    await reloadConfig();
    const everything = [['base', 'repomd', 'pending-deploy', 'rollback-deploy']];
    expect(await runJob(bus, os, iface.os, 'Cleanup', 'as', everything)).toEqual(done);
    await reloadConfig();
    const reset = [{}, { 'no-layering': b(true), 'no-overrides': b(true) }];
    expect(await runJob(bus, os, iface.os, 'UpdateDeployment', 'a{sv}a{sv}', reset)).toEqual(done);
  });

  test('and the programs it runs beside the service find what they look for', async () => {
    const { stdout } = await run('ostree', ['remote', 'list', `--repo=${host.sysroot}/ostree/repo`]);
    expect(stdout).toBe('test\n');
    await run('ostree', ['admin', 'pin', `--sysroot=${host.sysroot}`, '0']);
    await call(bus, sysroot, iface.sysroot, 'Reload');
    expect((await deployments())[0]?.pinned?.value).toBe(true);
  });
});

describe('KDE Discover', () => {
  beforeAll(setUp);
  afterAll(() => host?.stop());

  test('reads the properties, with these types', async () => {
    await call(bus, sysroot, iface.sysroot, 'RegisterClient', 'a{sv}', [{ id: s('discover') }]);
    const properties = await all(sysroot, iface.sysroot);
    expect(Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, value.signature]))).toMatchObject({
      Booted: 'o',
      Deployments: 'aa{sv}',
      ActiveTransaction: '(sss)',
      ActiveTransactionPath: 's',
    });
  });

  test('checks by the command line: 77 for nothing, else the line it parses', async () => {
    expect(await cli('update', '--check')).toMatchObject({ code: 77 });
    host.publish(2);
    const check = await cli('update', '--check');
    expect(check.code).toBe(0);
    // its expression: a line that begins with Version, then the version and a date in brackets
    const line = check.stdout.split('\n').find((each) => each.includes('Version: ')) ?? '';
    expect(/^\s*Version: (\S+) \((.*)\)$/.exec(line)?.slice(1)).toEqual(['2', '2026-11-02T12:00:00Z']);
  });

  test('fetches, updates, reads the state, moves', async () => {
    expect(await cli('update', '--download-only')).toMatchObject({ code: 0 });
    expect(await cli('update')).toMatchObject({ code: 0 });
    const status = JSON.parse((await cli('status', '--json')).stdout) as { deployments: Record<string, unknown>[] };
    for (const deployment of status.deployments) {
      for (const key of ['booted', 'staged', 'pinned', 'checksum', 'version', 'timestamp', 'origin', 'osname', 'requested-packages']) {
        expect(deployment).toHaveProperty([key]);
      }
      expect(deployment).toHaveProperty(['base-commit-meta', 'version']);
    }
    expect(status.deployments[0]?.version).toBe('2');
    expect(await cli('rebase', 'test:build')).toMatchObject({ code: 0 });
    expect((await deployments())[0]?.origin?.value).toBe('test:build');
  });

  test('cancels on the job’s own socket', async () => {
    const { peer } = await openJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}]);
    const end = finished(peer);
    await peer.call({ path: '/', interface: iface.transaction, member: 'Cancel' });
    expect((await end)[0]).toBe(false);
    peer.close();
  });
});
