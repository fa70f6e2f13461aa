// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { Bus, iface, Variant } from '../../shared/dbus/index.ts';
import { otherUser, run, startTestHost, testUser, type TestHost } from './host.ts';
import { logindPolicies, startLogind, type Logind } from './logind.ts';
import { openJob, os, start, sysroot, until } from './peer.ts';
import { endService } from './processes.ts';

const slow = `--worker=${path.join(import.meta.dirname, 'slow-worker.mjs')}`;
const allowed = `polkit.addRule(function (action, subject) {
  if (subject.user === '${testUser}' && action.id === 'org.treeline.upgrade-unverified') return polkit.Result.YES;
});`;
let host: TestHost;
let client: FullHostClient;

describe('pausing', () => {
  beforeAll(async () => {
    // until somebody ends it
    process.env.TREELINE_TEST_SLOW = '600';
    host = await startTestHost({ rules: allowed, helperArgs: [slow] });
    client = createHostClient({ address: host.address, clientId: 'test' });
  });
  afterAll(async () => {
    delete process.env.TREELINE_TEST_SLOW;
    client?.close();
    await host?.stop();
  });
  const phase = async (): Promise<string | undefined> => (await client.snapshot()).job?.phase;

  test('ends the job as cancelled, says that it was meant, frees the queue, and is still known after the service came back', async () => {
    const running = client.upgrade({});
    await until(async () => (await phase()) === 'running');
    await client.pause();
    expect(await running).toMatchObject({ phase: 'cancelled', error: { code: 'job.paused', subject: 'upgrade' } });
    expect(await phase()).toBeUndefined();
    expect((await client.history(1))[0]).toMatchObject({ action: 'deploy', result: 'cancelled', error: { code: 'job.paused' } });
    await endService(host, 'SIGTERM');
    await host.startHelper(slow);
    await until(async () => (await client.snapshot()).service.kind === 'treeline');
    expect((await client.snapshot()).pastJobs[0]).toMatchObject({ phase: 'cancelled', error: { code: 'job.paused' } });
    // and nothing is in the way of going on
    const again = client.upgrade({});
    await until(async () => (await phase()) === 'running');
    await client.cancel();
    expect(await again).toMatchObject({ phase: 'cancelled', error: { code: 'job.cancelled' } });
  });

  test('goes on without the window that started it, and can be paused from another', async () => {
    const window = await Bus.connect(host.address);
    const { peer } = await openJob(window, os, iface.os, 'Upgrade', 'a{sv}', [{ 'treeline-detached': new Variant('b', true) }]);
    await start(peer);
    await until(async () => (await phase()) === 'running');
    peer.close();
    window.close();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await phase()).toBe('running');
    const { stdout } = await run(process.execPath, [path.resolve('dist/cli/treeline.mjs'), 'pause'], { env: host.env });
    expect(stdout).toBe('');
    await until(async () => (await phase()) === undefined);
    expect((await client.snapshot()).pastJobs[0]).toMatchObject({ error: { code: 'job.paused' } });
  });

  test('is the right of who started it, and of nobody else without permission', async () => {
    const other = ['--reuid', testUser, '--regid', testUser, '--clear-groups'];
    const cli = [process.execPath, path.resolve('dist/cli/treeline.mjs')];
    const running = run('setpriv', [...other, ...cli, 'upgrade'], { env: host.env }).catch((error: { stderr: string }) => error);
    await until(async () => (await phase()) === 'running');
    await expect(host.callAs(otherUser, sysroot, `${iface.treelineSysroot}.Pause`)).rejects.toThrow(/AuthDenied/);
    expect(await phase()).toBe('running');
    await host.callAs(testUser, sysroot, `${iface.treelineSysroot}.Pause`);
    expect((await running).stderr).toMatch(/^error: Paused\. “upgrade” was paused\. What had arrived is kept\./);
  });
});

describe('a job that doesn’t fetch', () => {
  /** The job writes boot entries until it is there. */
  let frozen: string;
  let logind: Logind;
  beforeAll(async () => {
    process.env.TREELINE_TEST_SLOW = '0.2';
    frozen = path.join(mkdtempSync('/dev/shm/treeline-frozen-'), 'thawed');
    process.env.TREELINE_TEST_FROZEN = frozen;
    host = await startTestHost({ helperArgs: [slow], busPolicies: logindPolicies });
    logind = await startLogind(host);
    client = createHostClient({ address: host.address, clientId: 'test', stay: false });
  });
  afterAll(async () => {
    delete process.env.TREELINE_TEST_SLOW;
    delete process.env.TREELINE_TEST_FROZEN;
    rmSync(path.dirname(frozen), { recursive: true, force: true });
    client?.close();
    await logind?.stop();
    await host?.stop();
  });

  test('neither sleep nor shutdown while boot entries are written, both free again afterwards; pausing is refused then', async () => {
    expect(await logind.inhibitors()).toEqual([]);
    const running = client.upgrade({});
    await until(async () => (await logind.inhibitors()).length > 0);
    expect((await logind.inhibitors())[0]?.slice(0, 4)).toEqual(['shutdown:sleep', 'Treeline', 'upgrade', 'block']);
    await expect(client.pause()).rejects.toMatchObject({ code: 'job.uninterruptible' });
    writeFileSync(frozen, '');
    expect(await running).toMatchObject({ phase: 'succeeded' });
    await until(async () => (await logind.inhibitors()).length === 0);
  });

  test('with nothing running pausing does nothing, and a check can’t be paused', async () => {
    await client.pause();
    const bus = await host.connect();
    const { peer } = await openJob(bus, os, iface.treelineOs, 'Check', 'a{sv}', [{}]);
    await expect(client.pause()).rejects.toMatchObject({ code: 'job.not-pausable', report: { subject: 'check for update' } });
    await peer.call({ path: '/', interface: iface.transaction, member: 'Cancel' });
    peer.close();
  });
});
