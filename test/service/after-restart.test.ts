// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WhatsNew } from '../../shared/domain/index.ts';
import { restartSoon } from './restart-soon.ts';
import { SimulatedHost } from './simulated.ts';

let simulated: SimulatedHost;
beforeAll(async () => {
  simulated = await SimulatedHost.start();
});
afterAll(() => simulated?.stop());

const booted = async (): Promise<string | undefined> =>
  (await simulated.client.snapshot()).deployments.find((each) => each.booted)?.version;
const news = async (): Promise<Pick<WhatsNew, 'fromVersion' | 'toVersion'> | undefined> => {
  const now = await simulated.client.whatsNew();
  return now && { fromVersion: now.fromVersion, toVersion: now.toVersion };
};

test('the first start of a new version is said until somebody has read it, each version once', async () => {
  const { client, host } = simulated;
  // nothing is new on a system that was just installed
  expect(await client.whatsNew()).toBeUndefined();
  host.publish(2);
  expect(await client.upgrade({})).toMatchObject({ phase: 'succeeded' });
  // the restart comes by itself, into what is staged
  expect(await client.scheduleRestart(Math.floor(Date.now() / 1000) + 3600)).toMatchObject({ version: '2', by: 'root' });
  // perhaps before its answer
  await restartSoon(client).catch(() => undefined);
  await simulated.restarted('2');
  expect(await client.scheduledRestart()).toBeUndefined();
  expect(await client.whatsNew()).toMatchObject({ fromVersion: '1', toVersion: '2', checksum: host.checksums[1] });
  // not read: it is still said, and from the version that was known
  host.publish(3);
  await client.upgrade({ reboot: true });
  await simulated.restarted('3');
  expect(await news()).toEqual({ fromVersion: '1', toVersion: '3' });
  await client.acknowledgeWhatsNew();
  expect(await client.whatsNew()).toBeUndefined();
  // going back and forth again is no news
  await client.rollback({ reboot: true });
  await simulated.restarted('2');
  expect(await client.whatsNew()).toBeUndefined();
  await client.rollback({ reboot: true });
  await simulated.restarted('3');
  expect(await client.whatsNew()).toBeUndefined();
});

test('a deployment is started once, then the default again', async () => {
  const { client, host } = simulated;
  const other = (await client.snapshot()).deployments.find((each) => each.version === '2');
  expect(await client.bootOnce(other?.id ?? '', { reboot: true })).toMatchObject({ phase: 'succeeded' });
  await simulated.restarted('2');
  expect(existsSync(path.join(host.sysroot, 'boot/treeline-boot-once'))).toBe(false);
  // the order is what it was
  expect((await client.snapshot()).deployments.map((each) => each.version)).toEqual(['3', '2']);
  await client.restart();
  await simulated.restarted('3');
  const history = await client.history(9);
  expect(history.map((entry) => entry.action)).toEqual(expect.arrayContaining(['boot-once', 'restart', 'boot']));
  expect(history.find(({ action }) => action === 'boot-once')).toMatchObject({ result: 'ok' });
});

test('boot-once refuses what is staged or isn’t there', async () => {
  const { client, host } = simulated;
  expect(await client.bootOnce(`testos-${'0'.repeat(64)}.0`, {})).toMatchObject({
    phase: 'failed',
    error: { code: 'deployment.not-found' },
  });
  await expect(client.bootOnce('3', {})).rejects.toMatchObject({ code: 'service.bad-argument' });
  expect(await client.deploy('version=1', {})).toMatchObject({ phase: 'succeeded' });
  const two = (await client.snapshot()).deployments.find((each) => each.version === '2');
  // what is staged is numbered in between at shutdown: the boot loader would start another one
  expect(await client.bootOnce(two?.id ?? '', {})).toMatchObject({ phase: 'failed', error: { code: 'deployment.staged' } });
  expect(await booted()).toBe('3');
  expect(existsSync(path.join(host.sysroot, 'boot/treeline-boot-once'))).toBe(false);
});
