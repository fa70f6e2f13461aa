// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, expect, test } from 'vitest';
import { iface, type Bus, type Variant } from '../../shared/dbus/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { call, os, runJob, sysroot } from './peer.ts';
import { dictKeys, recording } from './recording.ts';

type Dict = Readonly<Record<string, Variant>>;

let host: TestHost;
let bus: Bus;
beforeAll(async () => {
  host = await startTestHost();
  bus = await host.connect();
  host.publish(2);
  await runJob(bus, os, iface.treelineOs, 'Check', 'a{sv}', [{}]);
  await runJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}]);
  host.publish(3);
  await runJob(bus, os, iface.os, 'DownloadUpdateRpmDiff', '', []);
});
afterAll(() => host?.stop());

const all = async (path: string, name: string): Promise<Dict> =>
  (await call(bus, path, iface.properties, 'GetAll', 's', [name]))[0] as Dict;

test('Sysroot has the properties of the real one', async () => {
  const ours = await all(sysroot, iface.sysroot);
  expect(Object.keys(ours)).toEqual(expect.arrayContaining(dictKeys(recording('transaction-upgrade.txt'), 'Sysroot.GetAll')));
  expect((ours.Deployments?.value as unknown[]).length).toBe(2);
});

test('each deployment has every key that the real one has, of the same type', async () => {
  const ours = (await all(sysroot, iface.sysroot)).Deployments?.value as Dict[];
  // without the keys that only a booted deployment with an update has
  const real = dictKeys(recording('transaction-rollback.txt'), "'RollbackDeployment': <");
  for (const deployment of ours) expect(Object.keys(deployment)).toEqual(expect.arrayContaining(real));
  const types = Object.fromEntries(Object.entries(ours[0] ?? {}).map(([key, value]) => [key, value.signature]));
  expect(types).toMatchObject({
    id: 's',
    serial: 'i',
    timestamp: 't',
    booted: 'b',
    packages: 'as',
    'requested-local-packages': 'as',
    'base-removals': 'av',
    'base-local-replacements': 'a(vv)',
    'base-remote-replacements': 'a{sv}',
    modules: 'as',
    'requested-base-remote-replacements': 'as',
    'regenerate-initramfs': 'b',
    'initramfs-etc': 'as',
    'base-commit-meta': 'a{sv}',
    'gpg-enabled': 'b',
  });
});

test('OS has the properties of the real one, and an update all four lists', async () => {
  const ours = await all(os, iface.os);
  expect(Object.keys(ours)).toEqual(expect.arrayContaining(dictKeys(recording('transaction-rollback.txt'), 'OS.GetAll')));
  expect(ours.HasCachedUpdateRpmDiff?.value).toBe(true);
  const update = ours.CachedUpdate?.value as Dict;
  expect(Object.keys(update)).toEqual(expect.arrayContaining(dictKeys(recording('transaction-rollback.txt'), "'CachedUpdate': <")));
  expect(update.checksum?.value).toBe(host.checksums[2]);
  const diff = update['rpm-diff']?.value as Dict;
  expect(Object.fromEntries(Object.entries(diff).map(([key, value]) => [key, value.signature]))).toEqual({
    upgraded: 'a(us(ss)(ss))',
    downgraded: 'a(us(ss)(ss))',
    removed: 'a(usss)',
    added: 'a(usss)',
  });
});

test('GLib reads it all, and the boot configuration is that of the boot loader', async () => {
  const gdbus = async (method: string, ...args: string[]): Promise<string> =>
    (await run('gdbus', ['call', '--system', '-d', 'org.projectatomic.rpmostree1', '-o', os, '-m', method, ...args], { env: host.env }))
      .stdout;
  expect(await gdbus(`${iface.properties}.GetAll`, iface.os)).toContain("'DefaultDeployment': <{");
  const config = await gdbus(`${iface.os}.GetDeploymentBootConfig`, "''", 'true');
  const { stdout } = await run('sh', ['-c', 'cat "$1"/boot/loader/entries/*.conf', 'sh', host.sysroot]);
  const [, options = ''] = /^options (.*)$/m.exec(stdout) ?? [];
  expect(config).toContain("'options': <'root=LABEL=root quiet");
  expect(options).toContain('root=LABEL=root quiet');
});

test('GetOS knows the stateroot, and only that', async () => {
  expect(await call(bus, sysroot, iface.sysroot, 'GetOS', 's', [''])).toEqual([os]);
  expect(await call(bus, sysroot, iface.sysroot, 'GetOS', 's', ['testos'])).toEqual([os]);
  await expect(call(bus, sysroot, iface.sysroot, 'GetOS', 's', ['other'])).rejects.toThrow(
    /no stateroot “other”.*There are: testos.*\[stateroot\.not-found\]/,
  );
});
