// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DbusCallError } from '../../shared/dbus/index.ts';
import { Bus, iface, serviceName, socketPath, Variant } from '../../shared/dbus/index.ts';
import type { JobState } from '../../shared/domain/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';
import { leftSockets, otherUser, run, startTestHost, testUser, type TestHost } from './host.ts';
import { call, finished, openJob, os, runJob, start, sysroot, until } from './peer.ts';
import { kill, workers } from './processes.ts';
import { likeRecorded } from './recorded-job.ts';
import { stayingUser } from './staying-user.ts';

let host: TestHost;
let bus: Bus;

describe('with the real worker', () => {
  beforeAll(async () => {
    host = await startTestHost();
    bus = await host.connect();
  });
  afterAll(() => host?.stop());

  test.each([
    ['Upgrade', 'transaction-upgrade.txt'],
    ['Rollback', 'transaction-rollback.txt'],
  ])('%s tells what the real daemon told, in the same order', async (member, file) => {
    host.publish(2);
    // what the update would be is known before it is taken, and not an update any more afterwards
    if (member === 'Upgrade') expect(await runJob(bus, os, iface.treelineOs, 'Check', 'a{sv}', [{}])).toEqual([true, '']);
    const { title } = await likeRecorded(bus, file, { member, signature: 'a{sv}', body: [{}] });
    expect(title).toBe(member.toLowerCase());
  });

  test('the sysroot agrees with ostree itself', async () => {
    const { stdout } = await run('ostree', ['admin', 'status', `--sysroot=${host.sysroot}`]);
    const [json] = await call(bus, sysroot, iface.treelineSysroot, 'Snapshot');
    const { deployments } = JSON.parse(json as string) as { deployments: { checksum: string; serial: number }[] };
    const shown = [...stdout.matchAll(/testos ([0-9a-f]{64})\.(\d+)/g)].map((match) => `${match[1]}.${match[2]}`);
    expect(deployments.map((each) => `${each.checksum}.${each.serial}`)).toEqual(shown);
    await run('ostree', ['fsck', `--repo=${host.sysroot}/ostree/repo`]);
  });

  test('pin, unpin, kargs, undeploy and the history of them', async () => {
    const deployments = async (): Promise<{ id: string; pinned: boolean; kernelArgs: string[] }[]> =>
      (JSON.parse((await call(bus, sysroot, iface.treelineSysroot, 'Snapshot'))[0] as string) as { deployments: never[] }).deployments;
    const second = (await deployments())[1]?.id ?? '';
    expect(await runJob(bus, sysroot, iface.treelineSysroot, 'Pin', 'sba{sv}', [second, true, {}])).toEqual([true, '']);
    expect((await deployments())[1]?.pinned).toBe(true);
    const [done, text] = await runJob(bus, os, iface.os, 'KernelArgs', 'sasasasa{sv}', ['', ['test.arg=1'], [], [], {}]);
    expect([done, text]).toEqual([true, '']);
    expect((await deployments())[0]?.kernelArgs).toContain('test.arg=1');
    const [, missing] = await runJob(bus, os, iface.os, 'KernelArgs', 'sasasasa{sv}', ['', [], [], ['nothing.like.it'], {}]);
    expect(missing).toMatch(/\[kargs\.not-found\]$/);
    expect(await runJob(bus, sysroot, iface.treelineSysroot, 'Pin', 'sba{sv}', [second, false, {}])).toEqual([true, '']);
    expect(await runJob(bus, sysroot, iface.treelineSysroot, 'Undeploy', 'sa{sv}', [second, {}])).toEqual([true, '']);
    expect((await deployments()).map((each) => each.id)).not.toContain(second);
    const history = JSON.parse((await call(bus, sysroot, iface.treelineSysroot, 'History', 'u', [10]))[0] as string) as {
      action: string;
      by: { name: string };
    }[];
    expect(history.map((each) => each.action).slice(0, 5)).toEqual(['undeploy', 'unpin', 'kargs', 'kargs', 'pin']);
    expect(history[0]?.by.name).toBe('root');
  });
});

describe('UpdateDeployment', () => {
  beforeAll(async () => {
    host = await startTestHost();
    bus = await host.connect();
  });
  afterAll(() => host?.stop());
  const modifiers = (fields: Record<string, Variant>): [typeof os, string, string, string, readonly unknown[]] => [
    os,
    iface.os,
    'UpdateDeployment',
    'a{sv}a{sv}',
    [fields, { 'no-layering': new Variant('b', true), 'dry-run': new Variant('b', false) }],
  ];

  test('does what it can, refuses the rest by name', async () => {
    host.publish(3);
    expect(await runJob(bus, ...modifiers({ 'set-revision': new Variant('s', host.checksums[1] ?? '') }))).toEqual([true, '']);
    const [json] = await call(bus, sysroot, iface.treelineSysroot, 'Snapshot');
    expect((JSON.parse(json as string) as { deployments: { version: string }[] }).deployments[0]?.version).toBe('2');
    await expect(openJob(bus, ...modifiers({ 'install-modules': new Variant('as', ['x:1']) }))).rejects.toThrow(
      /modifier “install-modules” is not supported.*\[not-supported\]/,
    );
    await expect(openJob(bus, ...modifiers({ 'set-refspec': new Variant('s', '../x') }))).rejects.toThrow(/no refspec/);
  });
});

describe('with a worker that takes its time', () => {
  beforeAll(async () => {
    const rules = `polkit.addRule(function (action, subject) { if (subject.user === '${testUser}') return polkit.Result.YES; });`;
    // until somebody ends it
    process.env.TREELINE_TEST_SLOW = '600';
    host = await startTestHost({ rules, helperArgs: [`--worker=${path.join(import.meta.dirname, 'slow-worker.mjs')}`] });
    bus = await host.connect();
  });
  afterAll(() => {
    delete process.env.TREELINE_TEST_SLOW;
    return host?.stop();
  });
  const upgrade = [os, iface.os, 'Upgrade', 'a{sv}', [{}]] as const;
  const active = async (): Promise<string> =>
    ((await call(bus, sysroot, iface.properties, 'Get', 'ss', [iface.sysroot, 'ActiveTransactionPath']))[0] as { value: string }).value;
  beforeEach(async () => {
    await until(async () => (await active()) === '');
  });

  test('a second job is refused with who, what and since when; a cancel ends the first within a second (field report 16)', async () => {
    const first = await openJob(bus, ...upgrade);
    const end = finished(first.peer);
    await start(first.peer);
    const other = await host.connect();
    const refusal = await openJob(other, os, iface.os, 'Rollback', 'a{sv}', [{}]).catch((error: DbusCallError) => error);
    expect(refusal).toMatchObject({ errorName: 'org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26' });
    expect((refusal as DbusCallError).message).toMatch(
      /root has been running “upgrade” since \d{4}-\d\d-\d\d \d\d:\d\d UTC.*\[sysroot\.busy\]$/,
    );
    const report = JSON.parse((await call(other, sysroot, iface.treelineSysroot, 'LastError'))[0] as string) as ErrorReport;
    expect(report).toMatchObject({ code: 'sysroot.busy', subject: 'upgrade', facts: { owner: 'root' } });
    await first.peer.call({ path: '/', interface: iface.transaction, member: 'Cancel' });
    const [success, text] = await end;
    expect(success).toBe(false);
    expect(text).toMatch(/\[job\.cancelled\]$/);
  });

  test('a job whose client leaves before Start() is dropped, one that runs is cancelled, a detached one goes on (field report 16)', async () => {
    const leaving = await Bus.connect(host.address);
    await openJob(leaving, ...upgrade);
    leaving.close();
    await until(
      async () =>
        await openJob(bus, os, iface.os, 'Rollback', 'a{sv}', [{}]).then(
          () => true,
          () => false,
        ),
    );
    await call(bus, sysroot, iface.treelineSysroot, 'Cancel');

    const running = await Bus.connect(host.address);
    const job = await openJob(running, ...upgrade);
    await start(job.peer);
    await until(async () => (await active()) !== '');
    running.close();
    await until(async () => (await active()) === '');

    const detaching = await Bus.connect(host.address);
    const detached = await openJob(detaching, os, iface.os, 'Upgrade', 'a{sv}', [{ 'treeline-detached': new Variant('b', true) }]);
    await start(detached.peer);
    detached.peer.close();
    detaching.close();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await active()).toBe(detached.address);
    const snapshot = JSON.parse((await call(bus, sysroot, iface.treelineSysroot, 'Snapshot'))[0] as string) as { job?: JobState };
    expect(snapshot.job).toMatchObject({ title: 'upgrade', owner: 'root', phase: 'running' });
    await call(bus, sysroot, iface.treelineSysroot, 'Cancel');
  });

  test('somebody who only joins hears of the progress on the bus, not more often than every 300 ms', async () => {
    const joined = await host.connect();
    const told: { job: JobState }[] = [];
    await joined.addMatch(`type='signal',sender='${serviceName}',interface='${iface.treelineSysroot}'`);
    joined.connection.onSignal = (signal) => {
      if (signal.member === 'JobChanged') told.push({ job: JSON.parse(signal.body[0] as string) as JobState });
    };
    const begun = Date.now();
    const { peer } = await openJob(bus, ...upgrade);
    await start(peer);
    await until(() => told.length >= 5);
    // however late they arrive here: so many can't have been sent since; the first two are of the phase
    expect(told.length - 2).toBeLessThanOrEqual((Date.now() - begun) / 300 + 1);
    expect(told.at(-1)?.job.progress).toMatchObject({ step: 'pull', bytesTotal: 6000 });
    await call(bus, sysroot, iface.treelineSysroot, 'Cancel');
    await until(() => told.at(-1)?.job.phase === 'cancelled');
    peer.close();
  });

  test('the socket is its caller’s alone', async () => {
    const caller = stayingUser(host, testUser);
    const address = await caller.ask(iface.os, 'Rollback', 'a{sv}', [{}]);
    const file = socketPath(address) ?? '';
    const uid = Number((await run('id', ['-u', testUser])).stdout);
    expect(statSync(file)).toMatchObject({ uid });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const connectAs = (user: string): Promise<unknown> =>
      run('setpriv', [
        '--reuid',
        user,
        '--regid',
        user,
        '--clear-groups',
        'gdbus',
        'call',
        '--address',
        address,
        '-d',
        ':1.1',
        '-o',
        '/',
        '-m',
        `${iface.transaction}.Start`,
      ]);
    await expect(connectAs(otherUser)).rejects.toThrow(/Permission denied/);
    await expect(
      run('setpriv', ['--reuid', otherUser, '--regid', otherUser, '--clear-groups', 'ls', path.join(host.dir, 'peers')]),
    ).rejects.toThrow(/Permission denied/);
    caller.leave();
  });

  test('a worker that is killed is a typed error, and the service goes on', async () => {
    const { peer } = await openJob(bus, ...upgrade);
    const end = finished(peer);
    await start(peer);
    await until(async () => {
      const [json] = await call(bus, sysroot, iface.treelineSysroot, 'Snapshot');
      return (JSON.parse(json as string) as { job?: JobState }).job?.progress !== undefined;
    });
    for (const pid of await workers(host)) kill(pid);
    const [success, text] = await end;
    expect(success).toBe(false);
    expect(text).toMatch(/SIGKILL while: Fetching.*\[internal\.worker-crashed\]$/);
    expect(await call(bus, sysroot, iface.peer, 'Ping')).toEqual([]);
    expect(host.helper.exitCode).toBeNull();
  });

  test('garbage on the socket hurts nobody', async () => {
    const { connect } = await import('node:net');
    const { peer, address } = await openJob(bus, ...upgrade);
    const empty = Buffer.from('6c01000108000000010000001800000001016f00010000002f000000080167000461282900', 'hex');
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(5000, 65),
      Buffer.concat([Buffer.from('\0AUTH EXTERNAL 30\r\nBEGIN\r\n'), empty, Buffer.alloc(64)]),
    ]) {
      const socket = connect({ path: socketPath(address) ?? '' });
      socket.on('error', () => undefined);
      socket.end(bytes);
      await new Promise((resolve) => socket.once('close', resolve).resume());
    }
    await expect(peer.call({ path: '/', interface: iface.transaction, member: 'Start', signature: 's', body: ['x'] })).rejects.toThrow(
      /bad-call|isn’t one/,
    );
    await expect(peer.call({ path: '/', interface: iface.transaction, member: 'Destroy' })).rejects.toThrow();
    await peer.call({ path: '/', interface: iface.transaction, member: 'Cancel' });
    peer.close();
    expect(host.helper.exitCode).toBeNull();
  });

  test('nothing is left of all these jobs', async () => {
    await until(() => leftSockets(host).length === 0);
  });
});

describe('while boot entries are written', () => {
  /** The job writes them until it is there. */
  let frozen: string;
  beforeAll(async () => {
    process.env.TREELINE_TEST_SLOW = '0.2';
    frozen = path.join(mkdtempSync('/dev/shm/treeline-frozen-'), 'thawed');
    process.env.TREELINE_TEST_FROZEN = frozen;
    host = await startTestHost({ helperArgs: [`--worker=${path.join(import.meta.dirname, 'slow-worker.mjs')}`] });
    bus = await host.connect();
  });
  afterAll(() => {
    delete process.env.TREELINE_TEST_SLOW;
    delete process.env.TREELINE_TEST_FROZEN;
    rmSync(path.dirname(frozen), { recursive: true, force: true });
    return host?.stop();
  });

  test('a cancel is refused, and a SIGTERM waits for the end of the job', async () => {
    const { peer } = await openJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}]);
    const end = finished(peer);
    await start(peer);
    const phase = async (): Promise<string | undefined> =>
      (JSON.parse((await call(bus, sysroot, iface.treelineSysroot, 'Snapshot'))[0] as string) as { job?: JobState }).job?.phase;
    await until(async () => (await phase()) === 'uninterruptible');
    await expect(peer.call({ path: '/', interface: iface.transaction, member: 'Cancel' })).rejects.toThrow(/\[job\.uninterruptible\]$/);
    const exit = new Promise<number | null>((resolve) => host.helper.once('exit', resolve));
    host.helper.kill('SIGTERM');
    writeFileSync(frozen, '');
    expect((await end)[0]).toBe(true);
    expect(await exit).toBe(0);
  });
});
