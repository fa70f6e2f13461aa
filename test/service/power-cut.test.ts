// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { boot, pickBootEntry, type Boot } from '../../main/demo/simboot.ts';
import type { HostSnapshot } from '../../shared/domain/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { until } from './peer.ts';

// On a tmpfs of the test's own: there is no freezing there, so that a kill at any moment harms nothing but what it is meant to.
const root = path.resolve(import.meta.dirname, '../..');
const kills = 50;
let host: TestHost;
let running: Boot;
let client: FullHostClient;
let log = '';

beforeAll(async () => {
  host = await startTestHost({ helper: false });
  client = createHostClient({ address: host.address, clientId: 'test' });
});
afterAll(async () => {
  client?.close();
  await running?.shutDown();
  await host?.stop();
});

let seed = 20261126;
function random(below: number): number {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return (seed >> 8) % below;
}
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Start it as after a power cut; the service must answer and say the same as the boot loader. */
async function start(): Promise<HostSnapshot> {
  const inside = '/run/treeline-sim/treeline';
  const node = '/run/treeline-sim/node';
  running = boot({
    sysroot: host.sysroot,
    init: path.join(root, 'assets/simboot/boot.sh'),
    command: [node, `${inside}/dist/helper/treelined.mjs`, '--simulated', '--reboot-command=true', `--peer-dir=${host.dir}/peers`],
    binds: [
      { source: process.execPath, target: node },
      { source: root, target: inside },
    ],
    env: { DBUS_SYSTEM_BUS_ADDRESS: host.address },
    onOutput: (text) => (log = (log + text).slice(-4000)),
  });
  return answering();
}

async function answering(): Promise<HostSnapshot> {
  let snapshot: HostSnapshot | undefined;
  await until(async () => {
    snapshot = await client.snapshot().catch(() => undefined);
    return snapshot?.service.kind === 'treeline' && snapshot.deployments.some((each) => each.booted);
  }).catch((error: Error) => Promise.reject(new Error(`${error.message}: ${JSON.stringify(snapshot?.service)} ${log}`)));
  return snapshot as HostSnapshot;
}

/** Service and workers inside, by what they run; SIGKILL to those that match. */
async function killInside(program: string): Promise<void> {
  const init = running.initPid();
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
  const rows = stdout.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  const family = new Set([init]);
  for (const row of rows) if (row && family.has(Number(row[2]))) family.add(Number(row[1]));
  for (const row of rows) {
    if (!row || !family.has(Number(row[1])) || !row[3]?.startsWith('/run/treeline-sim/node ') || !row[3].includes(program)) continue;
    try {
      process.kill(Number(row[1]), 'SIGKILL');
    } catch {
      // it had ended by itself
    }
  }
}

/** What ostree, which knows nothing of us, and a boot loader make of the sysroot while nothing runs on it. */
async function sound(): Promise<void> {
  const { stdout } = await run('ostree', ['admin', 'status', `--sysroot=${host.sysroot}`]);
  expect(stdout).toMatch(/testos [0-9a-f]{64}\.\d+/);
  pickBootEntry(host.sysroot);
}

const faults = [
  'worker killed while staging',
  'service killed while staging',
  'power cut while staging',
  'power cut while finalizing',
] as const;

test(`${kills} kills at random moments of stage and finalize: each next start is right`, { timeout: 900_000 }, async () => {
  const booted = new Set<string>();
  for (let round = 0; round < kills; round++) {
    const fault = faults[round % faults.length];
    const { deployments } = await start();
    const current = deployments.find((each) => each.booted)?.version ?? '';
    booted.add(current);
    host.publish(current === '2' ? 3 : 2);
    const job = client.upgrade({ allowDowngrade: true }).catch((error: unknown) => error);
    if (fault === 'power cut while finalizing') {
      expect(await job, `round ${round}`).toMatchObject({ phase: 'succeeded' });
      const end = running.shutDown();
      await wait(random(700));
      await running.powerCut();
      await end;
    } else {
      await wait(random(900));
      if (fault === 'power cut while staging') await running.powerCut();
      else {
        await killInside(fault === 'worker killed while staging' ? 'worker.mjs' : 'treelined.mjs');
        await job;
        // the machine goes on, with a service that says how it is, and is shut down in order
        await answering();
        await running.shutDown();
      }
    }
    await job;
    await sound();
  }
  // it wasn't always the same deployment that came through
  expect(booted.size).toBeGreaterThan(1);
  await start();
  expect(await client.upgrade({ allowDowngrade: true })).toMatchObject({ phase: 'succeeded' });
  await running.shutDown();
  await run('ostree', ['fsck', `--repo=${host.sysroot}/ostree/repo`]);
});
