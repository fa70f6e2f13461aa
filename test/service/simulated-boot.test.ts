import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { boot, type Boot } from '../../main/demo/simboot.ts';
import { startTestHost, type TestHost } from './host.ts';
import { until } from './peer.ts';

const root = path.resolve(import.meta.dirname, '../..');
let host: TestHost;
let running: Boot;
let client: FullHostClient;
let log = '';

/** The service inside a simulated start of the sysroot; bus, sockets and server are reached below /dev, which is the machine's. */
function start(): void {
  const inside = '/run/treeline-sim/treeline';
  const node = '/run/treeline-sim/node';
  running = boot({
    sysroot: host.sysroot,
    init: path.join(root, 'assets/simboot/boot.sh'),
    command: [node, `${inside}/dist/helper/treelined.mjs`, '--simulated', '--reboot-command=kill -USR1 1', `--peer-dir=${host.dir}/peers`],
    binds: [
      { source: process.execPath, target: node },
      { source: root, target: inside },
    ],
    env: { DBUS_SYSTEM_BUS_ADDRESS: host.address },
    onOutput: (text) => (log += text),
  });
}

beforeAll(async () => {
  host = await startTestHost({ helper: false });
  start();
  client = createHostClient({ address: host.address, clientId: 'test' });
  await until(async () => (await client.snapshot()).service.kind === 'treeline', 30_000);
});
afterAll(async () => {
  client?.close();
  await running?.shutDown();
  await host?.stop();
});

/** Wait until it went down to restart, start it again, and until the service answers from the new start. */
async function restarted(version: string): Promise<void> {
  expect(await running.ended, log).toMatchObject({ kind: 'restart' });
  start();
  await until(async () => {
    const { service, deployments } = await client.snapshot();
    return service.kind === 'treeline' && deployments.some((each) => each.booted && each.version === version);
  }, 30_000);
}

test(
  'stage, restart, the new version runs; roll back, restart, the old one does; and the history tells it all',
  { timeout: 120_000 },
  async () => {
    const first = await client.snapshot();
    expect(first).toMatchObject({ simulated: true, service: { kind: 'treeline' } });
    expect(first.deployments).toMatchObject([{ version: '1', booted: true, staged: false }]);

    host.publish(2);
    await client.checkForUpdate();
    const job = await client.upgrade({});
    expect(job, JSON.stringify(job.error)).toMatchObject({ phase: 'succeeded', changed: true });
    expect((await client.snapshot()).deployments).toMatchObject([
      { version: '2', staged: true, booted: false },
      { version: '1', booted: true },
    ]);
    await client.restart();
    await restarted('2');
    expect((await client.snapshot()).deployments).toMatchObject([
      { version: '2', booted: true, staged: false },
      { version: '1', rollback: true },
    ]);

    expect(await client.rollback({ reboot: true })).toMatchObject({ phase: 'succeeded' });
    await restarted('1');
    expect((await client.snapshot()).deployments[0]).toMatchObject({ version: '1', booted: true });

    // held back until it is released, and only the one that is meant
    host.publish(3);
    expect(await client.upgrade({ lockFinalization: true })).toMatchObject({ phase: 'succeeded' });
    const locked = (await client.snapshot()).deployments[0];
    expect(locked).toMatchObject({ version: '3', staged: true, finalizationLocked: true });
    expect(await client.finalizeDeployment({ checksum: '0'.repeat(64) })).toMatchObject({
      phase: 'failed',
      error: { code: 'deployment.checksum-mismatch' },
    });
    expect(await client.finalizeDeployment({ checksum: locked?.checksum })).toMatchObject({ phase: 'succeeded' });
    await restarted('3');

    const history = (await client.history(20)).map(({ action, fromVersion, toVersion }) => [action, fromVersion, toVersion]);
    expect(history).toEqual([
      ['boot', '1', '3'],
      ['finalized', undefined, '3'],
      ['stage', '1', '3'],
      ['boot', '2', '1'],
      ['rollback', '2', '1'],
      ['boot', '1', '2'],
      ['finalized', undefined, '2'],
      ['stage', '1', '2'],
      ['boot', undefined, '1'],
    ]);
  },
);
