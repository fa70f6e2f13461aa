// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, startTestHost, type TestHost } from './host.ts';

const cli = path.resolve('dist/cli/treeline.mjs');
let host: TestHost;
interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
const treeline = (...args: string[]): Promise<Outcome> =>
  run(process.execPath, [cli, ...args], { env: host.env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Outcome) => ({ code, stdout, stderr }),
  );
/** As `ostree` tells them: stateroot, checksum and place of each deployment. */
const deployments = async (): Promise<string[]> => {
  const { stdout } = await run('ostree', ['admin', 'status', `--sysroot=${host.sysroot}`]);
  return [...stdout.matchAll(/(\S+) ([0-9a-f]{64}\.\d+)/g)].map(([, osname, id]) => `${osname} ${id}`);
};

beforeAll(async () => {
  host = await startTestHost();
  host.publish(2);
  expect(await treeline('upgrade')).toMatchObject({ code: 0 });
});
afterAll(() => host?.stop());

test('an unknown stateroot is named with the known ones, and nothing changes', async () => {
  const before = await deployments();
  for (const args of [
    ['--stateroot=nosuch', 'rollback'],
    ['rollback', '--stateroot=nosuch'],
    ['rollback', '--os=nosuch'],
    ['--os', 'nosuch', 'kargs', '--append=x'],
    ['undeploy', '1', '--os=nosuch'],
    ['cleanup', '-r', '--os=nosuch'],
    ['status', '--stateroot=nosuch'],
  ]) {
    const { code, stdout, stderr } = await treeline(...args);
    expect([code, stdout], args.join(' ')).toEqual([1, '']);
    expect(stderr, args.join(' ')).toMatch(/^error: No such stateroot\. .*“nosuch”.*testos/);
  }
  expect((await treeline('rollback', '--stateroot=')).stderr).toContain('is empty');
  expect(await deployments()).toEqual(before);
});

test('another stateroot is the one that is changed', async () => {
  await run('ostree', ['admin', 'os-init', `--sysroot=${host.sysroot}`, 'other']);
  const before = await deployments();
  expect(before.every((each) => each.startsWith('testos '))).toBe(true);
  const origin = path.join(host.dir, 'other.origin');
  writeFileSync(origin, '[origin]\nrefspec=test:test/stable\n');
  const deploy = ['admin', 'deploy', `--sysroot=${host.sysroot}`, '--os=other', '--not-as-default', `--origin-file=${origin}`];
  await run('ostree', [...deploy, host.checksums[0] ?? '']);
  expect(await treeline('reload')).toMatchObject({ code: 0 });
  expect((await treeline('upgrade', '--os=other')).stderr).toBe('');
  const both = await deployments();
  expect(both.filter((each) => each.startsWith('other '))).toHaveLength(2);
  expect(both.filter((each) => each.startsWith('testos '))).toEqual(before);

  const index = String(both.findIndex((each) => each.startsWith('testos ')));
  const pin = await treeline('pin', index, '--os=other');
  expect([pin.code, pin.stderr]).toEqual([1, expect.stringContaining('is of stateroot “testos”, not of “other”')]);
  expect(await treeline('kargs', '--append=only.other=1', '--os=other')).toMatchObject({ code: 0, stderr: '' });
  expect((await treeline('kargs', '--os=other')).stdout).toContain('only.other=1');
  expect((await treeline('kargs', '--os=testos')).stdout).not.toContain('only.other');
  const own = (await deployments()).filter((each) => each.startsWith('testos '));
  expect(own).toEqual(before);
});
