// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { startBus } from '../../main/demo/bus.ts';
import { serviceName } from '../../shared/dbus/index.ts';
import { treelineVersion, type HostSnapshot, type JobState } from '../../shared/domain/index.ts';
import { run, startTestHost, testUser, type TestHost } from './host.ts';
import { until } from './peer.ts';
import { startStockDaemon } from './stock-daemon.ts';

let host: TestHost;
const clients: FullHostClient[] = [];
const open = (address = host.address): FullHostClient => {
  const client = createHostClient({ address, clientId: 'test' });
  clients.push(client);
  return client;
};
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

describe('with our service', () => {
  beforeAll(async () => {
    host = await startTestHost();
  });
  afterAll(() => host?.stop());

  test('looks, checks, upgrades, compares, goes back, and hears of it', async () => {
    const client = open();
    const jobs: JobState[] = [];
    const snapshots: HostSnapshot[] = [];
    client.onJob((job) => jobs.push(job));
    client.onSnapshot((snapshot) => snapshots.push(snapshot));
    expect(await client.snapshot()).toMatchObject({
      service: { kind: 'treeline', version: treelineVersion },
      osname: 'testos',
      prettyName: 'Test OS 1',
      check: { kind: 'never' },
    });

    await client.checkForUpdate();
    expect((await client.snapshot()).check.kind).toBe('up-to-date');
    host.publish(2);
    await client.checkForUpdate();
    expect((await client.snapshot()).check).toMatchObject({ kind: 'available', update: { version: '2', checksum: host.checksums[1] } });

    const done = await client.upgrade({});
    expect(done).toMatchObject({ phase: 'succeeded', changed: true, title: 'upgrade', owner: 'root' });
    expect(await client.upgrade({})).toMatchObject({ phase: 'succeeded', changed: false });
    const after = await client.snapshot();
    expect(after.deployments.map((each) => each.version)).toEqual(['2', '1']);
    expect(after.pastJobs.map((each) => each.title)).toEqual(['upgrade', 'upgrade', 'check for update', 'check for update']);

    const [newer, older] = after.deployments;
    expect(await client.compare(older?.id ?? '', newer?.id ?? '')).toMatchObject({
      packages: [{ name: 'coming' }, { name: 'kernel', advisories: ['TEST-2026:1'] }, { name: 'leaving' }],
      advisories: [{ id: 'TEST-2026:1', severity: 'important', description: 'It is better now.' }],
    });

    expect(await client.rollback({})).toMatchObject({ phase: 'succeeded' });
    const back = await client.snapshot();
    expect(back.deployments.map((each) => each.version)).toEqual(['1', '2']);
    expect(await client.setDefault(back.deployments[1]?.id ?? '', {})).toMatchObject({ phase: 'succeeded' });
    expect((await client.diskUse()).repoBytes).toBeGreaterThan(0);
    expect((await client.history(5)).map((entry) => entry.action)).toEqual(['rollback', 'rollback', 'deploy']);
    await until(() => snapshots.at(-1)?.deployments[0]?.version === '2');
    expect(jobs.some((job) => job.title === 'rollback' && job.phase === 'succeeded')).toBe(true);
  });

  test('a job that fails is a result with its reason, a call that is refused an error', async () => {
    const client = open();
    const job = await client.deploy('0'.repeat(64), {});
    expect(job.phase).toBe('failed');
    expect(job.error?.code).toMatch(/^repo\./);
    await expect(client.deploy('', {})).rejects.toMatchObject({ code: 'service.bad-argument' });
    await expect(client.pin(`testos-${'f'.repeat(64)}.0`, true)).resolves.toMatchObject({
      phase: 'failed',
      error: { code: 'deployment.not-found' },
    });
  });

  test('survives a killed service: restarting, then there again', async () => {
    const client = open();
    const kinds: string[] = [];
    client.onSnapshot((snapshot) => kinds.push(snapshot.service.kind));
    await client.snapshot();
    await until(() => kinds.includes('treeline'));
    host.helper.kill('SIGKILL');
    await until(() => kinds.includes('restarting'));
    // what was known is still shown
    expect((await client.snapshot()).deployments.length).toBeGreaterThan(0);
    await host.startHelper();
    await until(() => kinds.at(-1) === 'treeline');
    // signals arrive from the new process without any call in between
    const jobs: JobState[] = [];
    client.onJob((job) => jobs.push(job));
    expect((await open().rollback({})).phase).toBe('succeeded');
    await until(() => jobs.at(-1)?.phase === 'succeeded');
    expect((await client.snapshot()).pastJobs.length).toBeGreaterThan(1);
  });
});

describe('on other buses', () => {
  test('nobody there, no bus at all', async () => {
    const none = open('unix:path=/nonexistent/bus');
    expect((await none.snapshot()).service).toMatchObject({ kind: 'absent' });
    await expect(none.rollback({})).rejects.toMatchObject({ code: 'service.unreachable' });
  });

  test('a stock daemon: less, but right', async () => {
    const dir = mkdtempSync('/dev/shm/treeline-bus-');
    const policy = path.resolve('assets/system/org.projectatomic.rpmostree1.conf');
    const bus = await startBus({ dir, busPolicies: [policy], polkitActions: [], polkitRules: '' });
    const busy = ['org.projectatomic.rpmostreed.Error.UpdateInProgress', 'Transaction in progress: deploy'] as const;
    const daemon = await startStockDaemon(bus.address, { refusal: busy });
    try {
      const client = open(bus.address);
      const snapshot = await client.snapshot();
      expect(snapshot).toMatchObject({ service: { kind: 'rpm-ostree' }, osname: 'testos', automaticUpdatePolicy: 'check' });
      expect(snapshot.deployments.map(({ version, booted, rollback }) => [version, booted, rollback])).toEqual([
        ['1', true, false],
        ['0', false, true],
      ]);
      expect(snapshot.check).toMatchObject({ kind: 'available', update: { version: '2', counts: { upgraded: 1, added: 0 } } });
      expect(await client.compare('a', 'b')).toMatchObject({
        packages: [{ kind: 'upgraded', name: 'kernel', from: { epoch: 1, version: '1.0' }, to: { version: '2.0' } }],
        advisories: [],
      });
      await expect(client.pin('x', true)).rejects.toMatchObject({ code: 'service.lacks', report: { subject: 'Pinning' } });
      const lacking = [
        () => client.reviewSummary(),
        () => client.etcFile('passwd'),
        () => client.preview({}),
        () => client.remotes(),
        () => client.addRemote('x', 'https://example.org', { gpgVerify: true }),
        () => client.importKey('x', 'AAAA'),
        () => client.media(),
        () => client.upgradeFromMedium('/mnt', {}),
        () => client.scheduledRestart(),
        () => client.scheduleRestart(0),
        () => client.restart(),
        () => client.bootOnce('x', {}),
        () => client.whatsNew(),
        () => client.pause(),
        // an empty list would say that nothing has ever happened
        () => client.history(5),
      ];
      for (const ask of lacking) await expect(ask(), String(ask)).rejects.toMatchObject({ code: 'service.lacks' });
      await expect(client.upgrade({})).rejects.toMatchObject({ code: 'sysroot.busy' });
    } finally {
      await daemon.close();
      await bus.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('the whole bus goes and comes back', async () => {
    const dir = mkdtempSync('/dev/shm/treeline-bus-');
    const options = {
      dir,
      busPolicies: [path.resolve('assets/system/org.projectatomic.rpmostree1.conf')],
      polkitActions: [],
      polkitRules: '',
    };
    let bus = await startBus(options);
    let daemon = await startStockDaemon(bus.address);
    try {
      const client = open(bus.address);
      const kinds: string[] = [];
      client.onSnapshot((snapshot) => kinds.push(snapshot.service.kind));
      await until(() => kinds.includes('rpm-ostree'));
      await bus.stop();
      await until(() => kinds.at(-1) === 'restarting');
      bus = await startBus(options);
      daemon = await startStockDaemon(bus.address);
      await until(() => kinds.at(-1) === 'rpm-ostree');
    } finally {
      await daemon.close();
      await bus.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('an owner that isn’t root is not asked anything', async () => {
    const dir = mkdtempSync('/dev/shm/treeline-bus-');
    const bus = await startBus({ dir, busPolicies: [path.resolve('test/service/anybody.conf')], polkitActions: [], polkitRules: '' });
    const { spawn } = await import('node:child_process');
    const script = `import('${path.resolve('test/service/squatter.mjs')}')`;
    const squatter = spawn(
      'setpriv',
      ['--reuid', testUser, '--regid', testUser, '--clear-groups', process.execPath, '--input-type=module', '-e', script],
      {
        env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    try {
      await run('gdbus', ['wait', '--system', '--timeout', '60', serviceName], {
        env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address },
      });
      const client = open(bus.address);
      expect((await client.snapshot()).service).toMatchObject({ kind: 'untrusted' });
      await expect(client.upgrade({})).rejects.toMatchObject({ code: 'service.untrusted' });
    } finally {
      squatter.kill();
      await bus.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
