// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { iface, type Bus } from '../../shared/dbus/index.ts';
import { createHostClient } from '../../main/client/index.ts';
import type { HostSnapshot, JobState } from '../../shared/domain/index.ts';
import { errorLine, type ErrorReport } from '../../shared/errors/index.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { call, finished, openJob, os, start, sysroot, until } from './peer.ts';
import { endService, kill, workers } from './processes.ts';

let host: TestHost;
let bus: Bus;
beforeAll(async () => {
  host = await startTestHost();
  bus = await host.connect();
});
afterAll(() => host?.stop());

/** Reproducible "random": a failure names the moment. */
let seed = 20261125;
function random(below: number): number {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed % below;
}

const snapshot = async (): Promise<HostSnapshot> =>
  JSON.parse((await call(bus, sysroot, iface.treelineSysroot, 'Snapshot'))[0] as string) as HostSnapshot;

/** ostree, which knows nothing of us, and our own next start both accept what is there. */
async function accepted(): Promise<void> {
  const { stdout } = await run('ostree', ['admin', 'status', `--sysroot=${host.sysroot}`]);
  const shown = [...stdout.matchAll(/testos ([0-9a-f]{64})\.(\d+)/g)].map((match) => `testos-${match[1]}.${match[2]}`);
  expect(shown.length).toBeGreaterThan(0);
  expect((await snapshot()).deployments.map((each) => each.id)).toEqual(shown);
  // the default entry can really be started: its kernel and its tree are there
  const first = shown[0]?.slice('testos-'.length);
  await run('sh', [
    '-c',
    'set -e; cd "$1"; test -d "ostree/deploy/testos/deploy/$2/usr"; for l in $(sed -n "s/^linux //p" boot/loader/entries/*.conf); do test -s "boot$l"; done',
    'sh',
    host.sysroot,
    first ?? '',
  ]);
}

test('killing the worker at random moments of updates and rollbacks leaves a sound system', async () => {
  const kinds = new Set<string>();
  for (let round = 0; round < 14; round++) {
    host.publish(1 + ((round + 1) % 3));
    const member = round % 4 === 3 ? 'Rollback' : 'Upgrade';
    // without it, an update to the version just rolled back from would be refused, and nothing would be there to kill
    const { peer } = await openJob(bus, os, iface.os, member, 'a{sv}', [{}]);
    const end = finished(peer);
    await start(peer);
    const delayMs = random(900);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    for (const pid of await workers(host)) kill(pid);
    const [success, text] = await end;
    kinds.add(success ? 'finished before' : (/\[([\w.-]+)\]$/.exec(text)?.[1] ?? text));
    await accepted();
    peer.close();
  }
  // a killed worker is said as that, not as something else
  kinds.delete('finished before');
  kinds.delete('deployment.none-to-roll-back');
  kinds.delete('update.older');
  expect([...kinds]).toEqual(['internal.worker-crashed']);
});

test('a service that is killed in the middle of a job: it is said that it ended, and whether the job was done', async () => {
  const client = createHostClient({ address: host.address, clientId: 'test' });
  try {
    // whose updates last until somebody ends them: on any machine it is in the middle
    await endService(host, 'SIGTERM');
    host.env.TREELINE_TEST_SLOW = '600';
    await host.startHelper(`--worker=${path.join(import.meta.dirname, 'slow-worker.mjs')}`);
    await client.snapshot();
    const done: JobState[] = [];
    client.onJob((job) => done.push(job));
    const upgrade = client.upgrade({});
    await until(() => done.some((job) => job.phase === 'running'));
    const orphans = await workers(host);
    await endService(host, 'SIGKILL');
    for (const pid of orphans) kill(pid);
    await host.startHelper();
    const { phase, error } = await upgrade;
    expect([phase, error?.code]).toEqual(['failed', 'service.ended-undone']);
    expect(errorLine(error as ErrorReport)).toMatch(/Nothing about the versions on this machine has changed.*journalctl/);
  } finally {
    client.close();
  }
});

test('killing the service itself as well', async () => {
  for (let round = 0; round < 5; round++) {
    host.publish(1 + (round % 3));
    const { peer } = await openJob(bus, os, iface.os, 'Upgrade', 'a{sv}', [{}]);
    const end = finished(peer).catch(() => undefined);
    await start(peer);
    await new Promise((resolve) => setTimeout(resolve, random(900)));
    const orphans = await workers(host);
    await endService(host, 'SIGKILL');
    await end;
    // a worker that lost its parent finishes what it does; the next service waits for the lock or finds it done
    await until(async () => {
      const alive = await Promise.all(
        orphans.map((pid) =>
          run('kill', ['-0', String(pid)]).then(
            () => true,
            () => false,
          ),
        ),
      );
      return !alive.includes(true);
    });
    await host.startHelper();
    await accepted();
  }
  await run('ostree', ['fsck', `--repo=${host.sysroot}/ostree/repo`]);
});
