// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runJob } from '../../main/engine/jobs/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { Fixture, job, osname, sh, worker } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  const url = await server.start();
  fixture.install(url, fixture.release({ version: '1' }));
});

afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The test's own limit ends it if it never comes. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(20);
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s while boot entries are written: they are written to the end', async (signal) => {
  fixture.release({ version: '2' });
  await job('update.upgrade', os());
  let sent = 0;
  const running = runJob('sysroot.rollback', os(), {
    worker,
    onEvent(event) {
      if (event.type !== 'uninterruptible' || !event.on) return;
      // our own cancel isn't possible here
      expect(running.cancel()).toBe(false);
      process.kill(running.pid as number, signal);
      sent++;
    },
  });
  expect(await running.done).toMatchObject({ changed: true, toVersion: '1' });
  expect(sent).toBe(1);
  expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toMatch(/Version: 1[^]*Version: 2/);
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});

/** A stand-in for the service: a shell that starts a worker and is killed. */
async function orphan(job: object): Promise<{ parent: number; worker: number; events: string }> {
  const request = JSON.stringify(job);
  const events = path.join(fixture.dir, 'events');
  const script = `printf '%s' "$REQUEST" | "$NODE" "$WORKER" 3> "$EVENTS" & echo $!; wait`;
  const shell = spawn('bash', ['-c', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, REQUEST: request, NODE: process.execPath, WORKER: worker, EVENTS: events },
  });
  const pid = await new Promise<number>((resolve) => shell.stdout.once('data', (data: Buffer) => resolve(Number(String(data).trim()))));
  return { parent: shell.pid as number, worker: pid, events };
}

test('the parent dies in the middle of a library call: the worker and the fetching process end', async () => {
  fixture.release({ version: '2', files: 300 });
  server.delayMs = 150;
  const started = await orphan({ job: 'update.upgrade', params: os() });
  await until(() => server.requests.filter((u) => u.endsWith('.filez')).length > 8);
  expect(alive(started.worker)).toBe(true);
  const fetching = Number(readFileSync(`/proc/${started.worker}/task/${started.worker}/children`, 'utf8').trim().split(' ')[0]);
  expect(alive(fetching)).toBe(true);
  // what they wait for doesn't come any more: they don't end for another reason
  server.delayMs = 3_600_000;
  process.kill(started.parent, 'SIGKILL');
  await until(() => !alive(started.worker) && !alive(fetching));
});

test('the parent dies while boot entries are written: the worker finishes them', async () => {
  fixture.release({ version: '2' });
  await job('update.upgrade', os());
  const started = await orphan({ job: 'sysroot.rollback', params: os() });
  await until(() => existsSync(started.events) && readFileSync(started.events, 'utf8').includes('"on":true'));
  process.kill(started.parent, 'SIGKILL');
  await until(() => !alive(started.worker));
  expect(readFileSync(started.events, 'utf8')).toContain('"type":"result"');
  expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toMatch(/Version: 1[^]*Version: 2/);
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});
