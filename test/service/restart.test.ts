// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { Presence } from '../../main/helper/presence.ts';
import { wakeArguments } from '../../main/helper/restart-schedule.ts';
import { iface, serviceName } from '../../shared/dbus/index.ts';
import type { ScheduledRestart } from '../../shared/domain/index.ts';
import { otherUser, run, startTestHost, testUser, type TestHost } from './host.ts';
import { logindPolicies, startLogind, type Logind } from './logind.ts';
import { sysroot, until } from './peer.ts';
import { endService } from './processes.ts';
import { restartSoon } from './restart-soon.ts';

const person = `treeline-${process.pid}`;
const now = (): number => Math.floor(Date.now() / 1000);
let host: TestHost;
let client: FullHostClient;
const rebooted = (): boolean => existsSync(path.join(host.dir, 'rebooted'));
const stateFile = (): string => path.join(host.dir, 'state/restart.json');
const start = async (options: Parameters<typeof startTestHost>[0] = {}): Promise<void> => {
  host = await startTestHost(options);
  client = createHostClient({ address: host.address, stay: false });
};
const end = (signal: NodeJS.Signals): Promise<void> => endService(host, signal);
/** What the service keeps of its plan; `at` can be changed while it isn't there. */
const kept = (): { at: number; boot: string } => JSON.parse(readFileSync(stateFile(), 'utf8')) as { at: number; boot: string };
const keep = (changes: object): void => writeFileSync(stateFile(), JSON.stringify({ ...kept(), ...changes }));
const stop = async (): Promise<void> => {
  client?.close();
  await host?.stop();
};

describe('a restart at a time', () => {
  beforeAll(() => start());
  afterAll(stop);
  afterEach(async () => {
    await client.cancelScheduledRestart().catch(() => undefined);
    rmSync(path.join(host.dir, 'rebooted'), { force: true });
  });

  test('is scheduled, told on the bus, postponed, cancelled', async () => {
    const bus = await host.connect();
    const told: string[] = [];
    await bus.addMatch(`type='signal',sender='${serviceName}'`);
    bus.connection.onSignal = (signal) =>
      told.push(`${signal.member} ${JSON.stringify(signal.body, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`);
    expect(await client.scheduledRestart()).toBeUndefined();
    const at = now() + 600;
    expect(await client.scheduleRestart(at)).toEqual({ at, by: 'root', version: '', postponed: 0 });
    expect(await client.postponeRestart(120)).toMatchObject({ at: at + 120, postponed: 1 });
    expect(await client.scheduledRestart()).toMatchObject({ at: at + 120, by: 'root', postponed: 1 });
    await until(() => told.some((line) => line.startsWith('PropertiesChanged') && line.includes('ScheduledRestart')));
    expect(told).toContain('Changed ["restart"]');
    // 15 minutes before is past already: whoever comes in between is told the next step
    await until(() => told.some((line) => line.startsWith('RestartSoon')));
    await client.cancelScheduledRestart();
    expect(await client.scheduledRestart()).toBeUndefined();
    expect(existsSync(stateFile())).toBe(false);
    await expect(client.postponeRestart(60)).rejects.toMatchObject({ code: 'restart.none' });
    await expect(client.cancelScheduledRestart()).rejects.toMatchObject({ code: 'restart.none' });
  });

  test('happens, once, and stands in the history with who wanted it', async () => {
    await restartSoon(client);
    await until(rebooted);
    expect(await client.scheduledRestart()).toBeUndefined();
    expect((await client.history(1))[0]).toMatchObject({ action: 'restart', by: { uid: 0, name: 'root', client: 'scheduled' } });
  });

  test('outlives the service, also one that is killed, and is not lost when its time passes meanwhile', async () => {
    const { at } = await client.scheduleRestart(now() + 3600);
    await end('SIGKILL');
    await host.startHelper();
    expect(await client.scheduledRestart()).toMatchObject({ at, by: 'root' });
    // soon, though not before the service is there again, whatever that takes on this machine
    for (let ahead = 2; ; ahead *= 2) {
      await end('SIGKILL');
      const soon = now() + ahead;
      keep({ at: soon });
      await host.startHelper();
      const plan = await client.scheduledRestart();
      if (plan === undefined || plan.at === soon) break;
    }
    await until(rebooted);
    rmSync(path.join(host.dir, 'rebooted'));
    await client.scheduleRestart(now() + 3600);
    await end('SIGKILL');
    keep({ at: now() - 10 });
    const back = now();
    await host.startHelper();
    // whoever is there still gets a minute
    const plan = (await client.scheduledRestart()) as ScheduledRestart;
    expect(plan.at).toBeGreaterThanOrEqual(back + 60);
    expect(rebooted()).toBe(false);
  });

  test('is void after a restart that came another way', async () => {
    await client.scheduleRestart(now() + 3600);
    expect(kept().boot).toMatch(/^[0-9a-f-]{36}:\d+$/);
    await end('SIGTERM');
    keep({ boot: 'another' });
    await host.startHelper();
    expect(await client.scheduledRestart()).toBeUndefined();
    expect(existsSync(stateFile())).toBe(false);
  });

  test('has limits', async () => {
    await expect(client.scheduleRestart(now() - 10)).rejects.toMatchObject({ code: 'restart.bad-time' });
    await expect(client.scheduleRestart(now() + 31 * 86_400)).rejects.toMatchObject({ code: 'restart.bad-time' });
    await client.scheduleRestart(now() + 600);
    await expect(client.postponeRestart(59)).rejects.toMatchObject({ code: 'service.bad-argument' });
    await expect(client.postponeRestart(8 * 86_400)).rejects.toMatchObject({ code: 'restart.postpone-limit' });
    for (let times = 1; times <= 10; times++) expect(await client.postponeRestart(60)).toMatchObject({ postponed: times });
    await expect(client.postponeRestart(60)).rejects.toMatchObject({ code: 'restart.postpone-limit', report: { facts: { times: 10 } } });
  });

  test('keeps the service from idling out', async () => {
    // before it could idle
    await client.scheduleRestart(now() + 3600);
    await end('SIGTERM');
    await host.startHelper('--idle-exit-seconds=1');
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(host.helper.exitCode).toBeNull();
    const gone = new Promise((resolve) => host.helper.once('exit', resolve));
    await client.cancelScheduledRestart();
    expect(await gone).toBe(0);
    await host.startHelper();
  });

  test('by the command line', async () => {
    const cli = (...args: string[]): Promise<string> =>
      run(process.execPath, [path.resolve('dist/cli/treeline.mjs'), 'restart', ...args], { env: host.env }).then(
        ({ stdout }) => stdout,
        ({ stderr }: { stderr: string }) => stderr,
      );
    expect(await cli('--at', '+90')).toMatch(/^Restart at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, scheduled by root\.\n$/);
    expect(await cli('--postpone', '30')).toMatch(/scheduled by root, postponed 1 time\.\n$/);
    expect(await cli('--show')).toMatch(/^Restart at /);
    expect(await cli('--cancel')).toBe('');
    expect(await cli('--show')).toBe('No restart is scheduled.\n');
    expect(await cli('--cancel')).toMatch(/^error: No restart is scheduled\./);
    expect(await cli('--at', 'tomorrow')).toMatch(/HH:MM/);
    expect(await cli('--at', '+5', '--cancel')).toMatch(/exclude each other/);
    expect(rebooted()).toBe(false);
  });

  test('the timer that would wake the service is one that systemd understands', async () => {
    const args = wakeArguments(4_102_444_800);
    const calendar = args.find((each) => each.startsWith('--on-calendar='))?.slice('--on-calendar='.length) ?? '';
    expect((await run('systemd-analyze', ['calendar', calendar])).stdout).toMatch(/2100-01-01/);
    // and what it runs activates the service: an answer comes back
    const command = args.slice(args.indexOf('busctl'));
    expect((await run(command[0] ?? '', command.slice(1), { env: host.env })).stderr).toBe('');
  });
});

describe('where logind is', () => {
  let logind: Logind;
  beforeAll(async () => {
    const rules = `polkit.addRule(function (action, subject) {
      if (subject.user === '${testUser}' && action.id === 'org.treeline.restart') return polkit.Result.YES;
      if (subject.user === '${otherUser}' && /^org.treeline.restart/.test(action.id)) return polkit.Result.YES;
    });`;
    await start({ rules, busPolicies: logindPolicies });
    logind = await startLogind(host, person);
  });
  afterAll(async () => {
    await logind?.stop();
    await stop();
  });
  afterEach(() => rmSync(path.join(host.dir, 'rebooted'), { force: true }));
  const restartAs = (user: string, options = '@a{sv} {}'): Promise<string> =>
    host.callAs(user, sysroot, `${iface.treelineSysroot}.Restart`, options);

  test('who sits at the machine comes before everybody else where things are scarce', async () => {
    const presence = new Presence(await host.connect());
    const uidOf = async (name: string): Promise<number> => Number((await run('id', ['-u', name])).stdout);
    expect(await presence.isActive(await uidOf(person))).toBe(true);
    expect(await presence.isActive(await uidOf(otherUser))).toBe(false);
    expect(await presence.isActive(0)).toBe(false);
  });

  test('another person’s session stands against it, though not against an administrator', async () => {
    expect(await client.restartBlockers()).toEqual([{ kind: 'session', who: person, why: '', blocks: false }]);
    expect(await host.callAs(testUser, sysroot, `${iface.treelineSysroot}.RestartBlockers`)).toContain(
      `"who":"${person}","why":"","blocks":true`,
    );
    await expect(restartAs(testUser)).rejects.toThrow(new RegExp(`RestartBlocked: .*${person} is logged in`));
    await expect(restartAs(testUser, "{'ignore-blockers': <true>}")).rejects.toThrow(/AuthDenied/);
    expect(rebooted()).toBe(false);
    await restartAs(otherUser, "{'ignore-blockers': <true>}");
    await until(rebooted);
    rmSync(path.join(host.dir, 'rebooted'));
    await client.restart();
    await until(rebooted);
  });

  test('what blocks and what delays is told; a block holds a restart up until it is gone or overruled', async () => {
    await logind.inhibit('shutdown:sleep', 'Burner', 'Writing a disc', 'block');
    await logind.inhibit('shutdown', 'Editor', 'Saving', 'delay');
    await logind.inhibit('idle', 'Film', 'Playing', 'block');
    const blockers = await client.restartBlockers();
    expect(blockers.filter(({ kind }) => kind === 'inhibitor')).toEqual([
      { kind: 'inhibitor', who: 'Burner', why: 'Writing a disc', blocks: true },
      { kind: 'inhibitor', who: 'Editor', why: 'Saving', blocks: false },
    ]);
    await expect(client.restart()).rejects.toMatchObject({ code: 'restart.blocked', report: { detail: 'Burner: Writing a disc' } });
    expect(rebooted()).toBe(false);
    await expect(restartAs(testUser, "{'ignore-blockers': <true>}")).rejects.toThrow(/AuthDenied/);
    expect(rebooted()).toBe(false);
    await client.restart({ force: true });
    await until(rebooted);
  });

  test('a scheduled restart waits for what blocks', async () => {
    await restartSoon(client);
    await until(() => host.helperLog().includes('the scheduled restart waits: Burner: Writing a disc'));
    expect(rebooted()).toBe(false);
    expect(await client.scheduledRestart()).toMatchObject({ by: 'root' });
    await client.cancelScheduledRestart();
  });

  test('an upgrade that was to restart has succeeded, and says why it didn’t', async () => {
    host.publish(2);
    const job = await client.upgrade({ reboot: true });
    expect(job).toMatchObject({ phase: 'succeeded', changed: true });
    expect(job.messages).toContain('Not restarted: Burner: Writing a disc');
    expect(rebooted()).toBe(false);
  });

  test('an update that restarts by itself gives who is logged in a countdown', async () => {
    writeFileSync(path.join(host.dir, 'rpm-ostreed.conf'), '[Daemon]\nAutomaticUpdatePolicy=apply\n');
    await run('gdbus', [...['call', '--system', '-d', serviceName, '-o', sysroot, '-m', `${iface.sysroot}.ReloadConfig`]], {
      env: host.env,
    });
    host.publish(3);
    const before = now();
    const job = await client.automaticUpdate();
    expect(job).toMatchObject({ phase: 'succeeded', changed: true });
    expect(job?.messages.at(-1)).toContain(`${person} is logged in`);
    const plan = await client.scheduledRestart();
    expect(plan).toMatchObject({ by: 'automatic update' });
    expect(plan?.at).toBeGreaterThanOrEqual(before + 900);
    expect(rebooted()).toBe(false);
    await client.cancelScheduledRestart();
  });
});
