// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Connection, iface, openSocket, type Bus } from '../../shared/dbus/index.ts';
import type { Deployment } from '../../shared/domain/index.ts';
import { startTestHost, testUser, type TestHost } from './host.ts';
import { call, finished, os, runJob, start, sysroot } from './peer.ts';
import { stayingUser, type StayingUser } from './staying-user.ts';

let host: TestHost;
let bus: Bus;
let user: StayingUser;

const allowed = `polkit.addRule(function (action, subject) { if (subject.user === '${testUser}') return polkit.Result.YES; });`;

beforeAll(async () => {
  host = await startTestHost({ rules: allowed });
  bus = await host.connect();
  user = stayingUser(host, testUser);
});
afterAll(async () => {
  user?.leave();
  await host?.stop();
});

/** Ask for a job as the user; what is returned starts it, and gives the words of its end. */
async function ask(member: string): Promise<() => Promise<string>> {
  const address = await user.ask(iface.os, member, 'a{sv}', [{}]);
  expect(address).toContain('unix:path=');
  return async () => {
    const peer = new Connection(await openSocket(address, 60_000));
    const end = finished(peer);
    await start(peer);
    const [, words] = await end;
    peer.close();
    return words;
  };
}

const deployments = async (): Promise<Deployment[]> =>
  (JSON.parse((await call(bus, sysroot, iface.treelineSysroot, 'Snapshot'))[0] as string) as { deployments: Deployment[] }).deployments;

const repoConfig = (): string => path.join(host.sysroot, 'ostree/repo/config');

/** What somebody may do while a job that was allowed waits for its start. */
const changes: Readonly<Record<string, () => Promise<unknown>>> = {
  'the address of the remote': () => {
    const text = readFileSync(repoConfig(), 'utf8');
    writeFileSync(repoConfig(), text.replace(/^url=.*$/m, `url=file://${host.dir}/elsewhere`));
    return Promise.resolve();
  },
  'what a remote demands': () => {
    appendFileSync(repoConfig(), '\n[remote "another"]\nurl=http://127.0.0.1/\ngpg-verify=false\n');
    return Promise.resolve();
  },
  'the origin': async () => {
    const [newest] = await deployments();
    const file = path.join(host.sysroot, 'ostree/deploy/testos/deploy', `${newest?.checksum}.${newest?.serial}.origin`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('test/stable', 'test/other'));
  },
  'what is pending': async () => {
    expect(await runJob(bus, os, iface.os, 'KernelArgs', 'sasasasa{sv}', ['', [`pending=${Math.random()}`], [], [], {}])).toEqual([
      true,
      '',
    ]);
  },
};

test('what was allowed is done as long as nothing has changed', async () => {
  host.publish(2);
  const begin = await ask('Upgrade');
  expect(await begin()).toBe('');
  expect(await deployments()).toHaveLength(2);
});

test.each(Object.keys(changes))('a job that waited for its start isn’t begun when %s has changed since it was allowed', async (what) => {
  host.publish(3);
  const config = readFileSync(repoConfig(), 'utf8');
  const begin = await ask('Upgrade');
  const before = (await deployments()).map((each) => each.id);
  await changes[what]?.();
  const meanwhile = (await deployments()).map((each) => each.id);
  expect(await begin()).toContain('[job.basis-changed]');
  expect((await deployments()).map((each) => each.id)).toEqual(meanwhile);
  if (what !== 'what is pending') expect(meanwhile).toEqual(before);
  writeFileSync(repoConfig(), config);
});

test('who asks again is judged again, and isn’t given the job that waits', async () => {
  const first = await ask('Rollback');
  await changes['what is pending']?.();
  const second = await ask('Rollback');
  expect(await first()).toContain('[job.basis-changed]');
  expect(await second()).toBe('');
});
