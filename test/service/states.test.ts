// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import type { Variant } from '../../shared/dbus/index.ts';
import { iface, type Bus } from '../../shared/dbus/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { call, os, runJob, sysroot } from './peer.ts';

type Dict = Readonly<Record<string, Variant>>;

let host: TestHost;
let bus: Bus;
let client: FullHostClient;
beforeAll(async () => {
  host = await startTestHost();
  bus = await host.connect();
  client = createHostClient({ address: host.address, clientId: 'test', stay: false });
  writeFileSync(path.join(host.dir, 'rpm-ostreed.conf'), '[Daemon]\nAutomaticUpdatePolicy=stage\n');
  await call(bus, sysroot, iface.sysroot, 'ReloadConfig');
});
afterAll(async () => {
  client?.close();
  await host?.stop();
});

const ostree = (...args: string[]): string => execFileSync('ostree', args, { encoding: 'utf8' }).trim();
const versions = async (): Promise<string[]> => (await client.snapshot()).deployments.map(({ version }) => version);

test('after going back any client’s plain Upgrade takes that version again; the policy doesn’t', async () => {
  host.publish(2);
  expect(await runJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}])).toEqual([true, '']);
  expect(await runJob(bus, os, iface.os, 'Rollback', 'a{sv}', [{}])).toEqual([true, '']);
  expect(await versions()).toEqual(['1', '2']);
  const automatic = await client.automaticUpdate();
  expect(automatic).toMatchObject({
    phase: 'succeeded',
    changed: false,
    messages: [expect.stringMatching(/^Skipped: .*went back from 2/)],
  });
  expect(await versions()).toEqual(['1', '2']);
  expect(await runJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}])).toEqual([true, '']);
  expect((await versions())[0]).toBe('2');
});

test('a client layer on the bus: rpm-ostreed’s keys and types, and every way to lose it refused by name', async () => {
  const repo = `--repo=${host.sysroot}/ostree/repo`;
  const base = host.checksums[0] as string;
  const pair = "(<('a-2-1.noarch', 'a', uint64 0, '2', '1', 'noarch')>, <('a-1-1.noarch', 'a', uint64 0, '1', '1', 'noarch')>)";
  const metadata = [
    'rpmostree.clientlayer=true',
    "rpmostree.packages=['htop']",
    "rpmostree.removed-base-packages=[<('nano-1-1.noarch', 'nano', uint64 0, '1', '1', 'noarch')>]",
    `rpmostree.replaced-base-packages=[${pair}]`,
    `rpmostree.replaced-base-remote-packages={'updates': <[${pair}]>}`,
    // the ostree command shows numbers in the other byte order: one that is the same in both
    "nested=<{'k': <(byte 0x07, int64 72057594037927937, [true], [byte 0x00, 0xff], {'x': 'y'})>}>",
  ];
  const layer = ostree(
    repo,
    'commit',
    `--tree=ref=${base}`,
    `--parent=${base}`,
    '--orphan',
    ...metadata.map((each) => `--add-metadata=${each}`),
  );
  ostree(repo, 'refs', '--create=rpmostree/base/0', base);
  const origin = path.join(host.dir, 'layered.origin');
  writeFileSync(origin, '[origin]\nbaserefspec=test:test/stable\n[packages]\nrequested=htop;\n[modules]\ninstall=x:1/a;\n');
  ostree('admin', 'deploy', `--sysroot=${host.sysroot}`, '--os=testos', `--origin-file=${origin}`, layer);
  host.publish(3);
  await call(bus, sysroot, iface.sysroot, 'Reload');

  const all = (await call(bus, sysroot, iface.properties, 'GetAll', 's', [iface.sysroot]))[0] as Dict;
  const [dict, bare] = all.Deployments?.value as Dict[];
  const types = Object.fromEntries(Object.entries(dict ?? {}).map(([key, { signature }]) => [key, signature]));
  expect(types).toMatchObject({
    'base-checksum': 's',
    'base-version': 's',
    'base-timestamp': 't',
    'base-commit-meta': 'a{sv}',
    'layered-commit-meta': 'a{sv}',
    'base-removals': 'av',
    'base-local-replacements': 'a(vv)',
    'base-remote-replacements': 'a{sv}',
    packages: 'as',
  });
  expect(dict?.['base-checksum']?.value).toBe(base);
  expect(bare).not.toHaveProperty('base-checksum');
  // GLib prints values with their types: its reading of our message against its reading of the commit
  const { stdout } = await run(
    'gdbus',
    [
      'call',
      '--system',
      '-d',
      'org.projectatomic.rpmostree1',
      '-o',
      sysroot,
      '-m',
      `${iface.properties}.Get`,
      iface.sysroot,
      'Deployments',
    ],
    { env: host.env },
  );
  for (const key of [
    'rpmostree.removed-base-packages',
    'rpmostree.replaced-base-packages',
    'rpmostree.replaced-base-remote-packages',
    'nested',
  ]) {
    const shown = ostree(repo, 'show', `--print-metadata-key=${key}`, layer);
    // types that are told once on a line by one printer are told again by the other
    const bareText = (text: string): string => text.replace(/byte |uint64 |int64 |[\s<>]/g, '');
    expect(bareText(stdout)).toContain(`'${key}':${bareText(shown)}`);
  }

  const stock: [string, string, unknown[]][] = [
    ['Upgrade', 'a{sv}', [{}]],
    ['Deploy', 'sa{sv}', ['version=3', {}]],
    ['Rebase', 'a{sv}sas', [{}, 'test:other', []]],
  ];
  for (const [member, signature, body] of stock) {
    const [succeeded, message] = await runJob(bus, os, iface.os, member, signature, body);
    expect([succeeded, message]).toEqual([false, expect.stringMatching(/\[modules\]: x:1\/a.*\[update\.would-lose\]/)]);
  }
  await client.checkForUpdate();
  expect((await client.snapshot()).check).toMatchObject({ kind: 'blocked', losses: [{ key: '[modules]', values: ['x:1/a'] }] });
  expect((await call(bus, os, iface.properties, 'Get', 'ss', [iface.os, 'CachedUpdate']))[0]).toMatchObject({ value: {} });
  expect(await client.automaticUpdate()).toMatchObject({
    phase: 'succeeded',
    changed: false,
    messages: [expect.stringContaining('[modules]: x:1/a')],
  });
  expect(await client.kernelArgs({ append: ['kept=1'] })).toMatchObject({ phase: 'succeeded', changed: true });
  expect((await client.snapshot()).deployments[0]).toMatchObject({ checksum: layer, layer: { base: { checksum: base } } });
  const byIndex = (await call(bus, os, iface.os, 'GetDeploymentBootConfig', 'sb', ['0', false]))[0] as Dict;
  expect(byIndex.options?.value).toContain('kept=1');
});
