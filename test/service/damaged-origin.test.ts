// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { iface, type Bus, type Variant } from '../../shared/dbus/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { call, sysroot } from './peer.ts';

let host: TestHost;
let client: FullHostClient;
let bus: Bus;
beforeAll(async () => {
  host = await startTestHost();
  client = createHostClient({ address: host.address, clientId: 'test', stay: false });
  bus = await host.connect();
});
afterAll(async () => {
  client?.close();
  await host?.stop();
});

test('a damaged origin file: all deployments on the bus and the command line, changes name the file, the repair ends it (field report 12)', async () => {
  host.publish(2);
  expect(await client.upgrade({})).toMatchObject({ phase: 'succeeded' });
  const [, old] = (await client.snapshot()).deployments;
  const file = path.join(host.sysroot, 'ostree/deploy/testos/deploy', `${host.checksums[0]}.0.origin`);
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, 'no key file\n');
  const treeline = (...args: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs'), ...args], { env: host.env });
  const rows = (await call(bus, sysroot, iface.properties, 'Get', 'ss', [iface.sysroot, 'Deployments']))[0] as Variant;
  const dicts = rows.value as Record<string, Variant>[];
  expect(dicts.map((dict) => [dict['version']?.value, dict['origin']?.value, dict['remote-error']?.value])).toEqual([
    ['2', 'test:test/stable', undefined],
    ['1', undefined, expect.stringMatching(/^origin: unreadable: ./)],
  ]);
  const text = (await treeline('status')).stdout;
  expect(text).toContain('Version: 2 ');
  expect(text).toMatch(/OriginProblem: unreadable: .*\n.*repair it: treeline repair-origin testos-/);
  expect((await treeline('history')).stdout).toContain('deploy');
  host.publish(3);
  await client.checkForUpdate();
  expect((await client.snapshot()).check).toMatchObject({ kind: 'available', update: { version: '3' } });
  for (const change of [() => client.upgrade({}), () => client.rollback({}), () => client.undeploy(old?.id ?? '')]) {
    expect(await change()).toMatchObject({ phase: 'failed', error: { code: 'origin.unreadable', subject: file } });
  }
  await treeline('repair-origin', '1', 'test:test/stable');
  expect(readFileSync(file, 'utf8')).toBe(good);
  expect((await client.history(1))[0]).toMatchObject({ action: 'repair-origin', result: 'ok', subject: 'test:test/stable' });
  execFileSync('ostree', ['admin', 'status', `--sysroot=${host.sysroot}`], { stdio: 'ignore' });
  expect(await client.upgrade({})).toMatchObject({ phase: 'succeeded', changed: true });
  // corrected by hand it is noticed as well
  const newest = path.join(host.sysroot, 'ostree/deploy/testos/deploy', `${host.checksums[2]}.0.origin`);
  const text3 = readFileSync(newest, 'utf8');
  writeFileSync(newest, '[origin');
  expect((await client.snapshot()).deployments[0]?.origin.problem).toBe('unreadable');
  writeFileSync(newest, text3);
  expect((await client.snapshot()).deployments[0]?.origin.problem).toBeUndefined();
});

test('what libostree doesn’t load, or ends its process over: told on the bus with what could be read, changes name it, the repair ends it', async () => {
  const stateroots = path.join(host.sysroot, 'ostree/deploy');
  const before = (await client.snapshot()).deployments.map(({ id, version, origin }) => [id, version, origin.refspec]);
  utimesSync(stateroots, 0, 0);
  const broken = await client.snapshot();
  expect(broken.problem).toMatchObject({ code: 'sysroot.no-time', subject: stateroots });
  expect(broken.deployments.map(({ id, version, origin }) => [id, version, origin.refspec])).toEqual(before);
  const told = async (): Promise<string> =>
    String(((await call(bus, sysroot, iface.properties, 'Get', 'ss', [iface.treelineSysroot, 'Problem']))[0] as Variant).value);
  expect(JSON.parse(await told())).toMatchObject({ code: 'sysroot.no-time' });
  const rows = (await call(bus, sysroot, iface.properties, 'Get', 'ss', [iface.sysroot, 'Deployments']))[0] as Variant;
  expect(rows.value).toHaveLength(before.length);
  for (const change of [() => client.upgrade({}), () => client.rollback({}), () => client.cleanup(['base'])]) {
    expect(await change()).toMatchObject({ phase: 'failed', error: { code: 'sysroot.no-time', subject: stateroots } });
  }
  expect(await client.repair()).toMatchObject({ phase: 'succeeded', changed: true, messages: [expect.stringContaining(stateroots)] });
  expect((await client.snapshot()).problem).toBeUndefined();
  expect(await told()).toBe('');
  expect((await client.history(1))[0]).toMatchObject({ action: 'repair', result: 'ok' });
  expect(await client.repair()).toMatchObject({ phase: 'succeeded', changed: false });
});
