// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SimulatedHost } from './simulated.ts';

let simulated: SimulatedHost;
beforeAll(async () => {
  simulated = await SimulatedHost.start();
});
afterAll(() => simulated?.stop());

test('stage, restart, the new version runs; roll back, restart, the old one does; and the history tells it all', async () => {
  const first = await simulated.client.snapshot();
  expect(first).toMatchObject({ simulated: true, service: { kind: 'treeline' } });
  expect(first.deployments).toMatchObject([{ version: '1', booted: true, staged: false }]);

  simulated.host.publish(2);
  await simulated.client.checkForUpdate();
  const job = await simulated.client.upgrade({});
  expect(job, JSON.stringify(job.error)).toMatchObject({ phase: 'succeeded', changed: true });
  expect((await simulated.client.snapshot()).deployments).toMatchObject([
    { version: '2', staged: true, booted: false },
    { version: '1', booted: true },
  ]);
  await simulated.client.restart();
  await simulated.restarted('2');
  expect((await simulated.client.snapshot()).deployments).toMatchObject([
    { version: '2', booted: true, staged: false },
    { version: '1', rollback: true },
  ]);

  expect(await simulated.client.rollback({ reboot: true })).toMatchObject({ phase: 'succeeded' });
  await simulated.restarted('1');
  expect((await simulated.client.snapshot()).deployments[0]).toMatchObject({ version: '1', booted: true });

  // held back until it is released, and only the one that is meant
  simulated.host.publish(3);
  expect(await simulated.client.upgrade({ lockFinalization: true })).toMatchObject({ phase: 'succeeded' });
  const locked = (await simulated.client.snapshot()).deployments[0];
  expect(locked).toMatchObject({ version: '3', staged: true, finalizationLocked: true });
  expect(await simulated.client.finalizeDeployment({ checksum: '0'.repeat(64) })).toMatchObject({
    phase: 'failed',
    error: { code: 'deployment.checksum-mismatch' },
  });
  expect(await simulated.client.finalizeDeployment({ checksum: locked?.checksum })).toMatchObject({ phase: 'succeeded' });
  await simulated.restarted('3');

  const history = (await simulated.client.history(20)).map(({ action, fromVersion, toVersion }) => [action, fromVersion, toVersion]);
  expect(history).toEqual([
    ['boot', '1', '3'],
    ['finalized', undefined, '3'],
    ['restart', undefined, undefined],
    ['stage', '1', '3'],
    ['boot', '2', '1'],
    ['restart', undefined, undefined],
    ['rollback', '2', '1'],
    ['boot', '1', '2'],
    ['finalized', undefined, '2'],
    ['restart', undefined, undefined],
    ['stage', '1', '2'],
    ['boot', undefined, '1'],
  ]);
});

test('files of /etc for the initramfs: by the client, by the command line, and the history names them', async () => {
  const none = { track: [], untrack: [], untrackAll: false, forceSync: false };
  const { client, host } = simulated;
  expect(await client.initramfsEtc({ ...none, track: ['/etc/nothing'] })).toMatchObject({ error: { code: 'initramfs.file' } });
  expect(await client.initramfsEtc({ ...none, track: ['/etc/vendor.conf'] })).toMatchObject({ phase: 'succeeded', changed: true });
  const treeline = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, ['dist/cli/treeline.mjs', ...args], { env: { DBUS_SYSTEM_BUS_ADDRESS: host.address } }))
      .stdout;
  expect(await treeline('initramfs-etc')).toBe('Tracked files:\n  /etc/vendor.conf\n');
  expect(await treeline('ex', 'initramfs-etc', '--track=/etc/passwd', '--untrack=/etc/vendor.conf')).toContain(
    'Changes queued for next boot',
  );
  const { deployments } = JSON.parse(await treeline('status', '--json')) as { deployments: Record<string, unknown>[] };
  expect(deployments[0]?.['initramfs-etc']).toEqual(['/etc/passwd']);
  expect(await treeline('status')).toMatch(/InitramfsEtc: \/etc\/passwd\n/);
  await expect(treeline('initramfs-etc', '--untrack=/etc/x', '--unchanged-exit-77')).rejects.toMatchObject({ code: 77 });
  expect(await treeline('history')).toMatch(/ initramfs-etc .*\n {4}-\/etc\/vendor\.conf \+\/etc\/passwd\n/);
  const told = (await client.history(3)).map(({ action, result, subject }) => [action, result, subject]);
  expect(told).toEqual([
    ['initramfs-etc', 'ok', '-/etc/vendor.conf +/etc/passwd'],
    ['initramfs-etc', 'ok', '+/etc/vendor.conf'],
    ['initramfs-etc', 'failed', '+/etc/nothing'],
  ]);
});
