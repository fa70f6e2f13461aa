// SPDX-License-Identifier: LGPL-2.1-or-later
// Packages on top of the base of a system that runs, by the command line and by the calls that other programs make, over a restart.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { problemsOf } from '../fixtures/status-keys.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, kernelPackage, plainPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from '../native/compose-fixture.ts';
import { iface, Variant, type Bus } from '../../shared/dbus/index.ts';
import { call, os, runJob, sysroot } from './peer.ts';
import { likeRecorded, recordedSteps } from './recorded-job.ts';
import { SimulatedHost } from './simulated.ts';

let f: ComposeFixture;
let simulated: SimulatedHost;
let bus: Bus;

async function compose(version: string): Promise<string> {
  f.add(kernelPackage(version), appPackage(version));
  const packages = '[app, kernel, filesystem, testshell]';
  const outcome = await f.compose(f.treefile(`packages: ${packages}\ncontainer: false\nautomatic-version-prefix: "${version}"\n`));
  return outcome.checksum;
}

beforeAll(async () => {
  simulated = await SimulatedHost.start();
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage());
  const more = path.join(simulated.host.dir, 'more');
  const extra = {
    name: 'extra',
    files: {
      '/usr/share/extra': { dir: true },
      '/usr/share/extra/file': 'extra',
      '/etc/extra.conf': 'extra\n',
      '/usr/lib/tmpfiles.d/extra.conf': 'd /var/lib/extra 0755 root root -\n',
    },
  };
  makeRpms(more, [plainPackage, helperPackage, extra]);
  createRepo(more);
  await simulated.becomes(f.repo, await compose('10'), '10');
  const repos = path.join(await simulated.root(), 'etc/yum.repos.d');
  mkdirSync(repos, { recursive: true });
  writeFileSync(path.join(repos, 'more.repo'), `[more]\nname=More\nbaseurl=file://${more}\ngpgcheck=0\n`);
  bus = await simulated.host.connect();
});
afterAll(async () => {
  await simulated?.stop();
  f?.dispose();
});

test('what would come is told beforehand, with what brings it along, and what is there with its reason', async () => {
  const before = await simulated.client.snapshot();
  const plan = await simulated.client.planPackages({ installPackages: ['plain'] });
  expect(plan.layer?.added.map(({ name, neededBy, downloadBytes, repo }) => ({ name, neededBy, downloadBytes, repo }))).toEqual([
    { name: 'helper', neededBy: ['plain'], downloadBytes: 0, repo: 'more' },
    { name: 'plain', neededBy: [], downloadBytes: 0, repo: 'more' },
  ]);
  expect(plan.layer?.added[1]?.installedSizeBytes).toBeGreaterThan(0);
  await expect(simulated.client.planPackages({ installPackages: ['no-such-package'] })).rejects.toMatchObject({
    report: { code: 'package.not-found', subject: 'no-such-package' },
  });
  const id = before.deployments[0]?.id ?? '';
  const { packages, removed, inactive } = await simulated.client.deploymentPackages(id);
  expect(packages.map(({ name, part }) => `${name} ${part}`)).toEqual(['app base', 'filesystem base', 'kernel base', 'testshell base']);
  expect([removed, inactive]).toEqual([[], []]);
  const info = await simulated.client.packageInfo(id, 'testshell-1-1.x86_64');
  expect(info?.files.map(({ path: file }) => file)).toContain('/usr/bin/sh');
  expect(await simulated.client.packageInfo(id, 'testshell-2-1.x86_64')).toBeUndefined();
  expect(await simulated.client.findPackages(['plain'])).toMatchObject({ packages: [{ name: 'plain', repo: 'more' }], unknown: [] });
  expect((await simulated.client.snapshot()).deployments).toEqual(before.deployments);
});

test('installed, staged, there after the restart; kept by an update; gone again', async () => {
  expect(await simulated.treeline('install', '--dry-run', 'plain')).toContain('Exiting because of --dry-run');
  expect((await simulated.client.snapshot()).deployments[0]).toMatchObject({ version: '10', booted: true });
  expect(await simulated.treeline('install', 'plain')).toMatch(
    /Added:\n {2}helper-1-1.noarch\n {2}plain-1-1.noarch\n.*Changes queued for next boot/s,
  );
  expect(await simulated.treeline('status')).toMatch(/LayeredPackages: plain\n/);
  await expect(simulated.treeline('install', 'plain')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('requested already'),
  });
  expect(await simulated.treeline('install', 'plain', '--idempotent')).toContain('No change.');
  await expect(simulated.treeline('install', 'plain', '--idempotent', '--unchanged-exit-77')).rejects.toMatchObject({ code: 77 });
  await simulated.client.restart();
  await simulated.restarted('10');
  expect(await simulated.names()).toBe('app-10 filesystem-1 helper-1 kernel-10 plain-1 testshell-1');
  expect(readFileSync(path.join(await simulated.root(), 'usr/share/plain-post'), 'utf8')).toBe('made\n');
  const id = (await simulated.client.snapshot()).deployments[0]?.id ?? '';
  const own = (await simulated.client.deploymentPackages(id)).packages.filter(({ part }) => part !== 'base');
  expect(own.map(({ name, part, request }) => ({ name, part, request }))).toEqual([
    { name: 'helper', part: 'layered', request: undefined },
    { name: 'plain', part: 'layered', request: 'plain' },
  ]);
  expect(await simulated.client.packageInfo(id, 'helper-1-1.noarch')).toMatchObject({ neededBy: ['plain'] });

  await simulated.publish(f.repo, await compose('11'));
  const update = await simulated.client.upgrade({ reboot: true });
  expect(update, JSON.stringify(update.error)).toMatchObject({ phase: 'succeeded', changed: true });
  await simulated.restarted('11');
  expect(await simulated.names()).toBe('app-11 filesystem-1 helper-1 kernel-11 plain-1 testshell-1');

  // as other programs ask for it
  const remove = [{ 'uninstall-packages': new Variant('as', ['plain']) }, { 'no-pull-base': new Variant('b', true) }];
  expect(await runJob(bus, os, iface.os, 'UpdateDeployment', 'a{sv}a{sv}', remove)).toEqual([true, '']);
  expect(await simulated.names()).toBe('app-11 filesystem-1 kernel-11 testshell-1');
  expect(await runJob(bus, os, iface.os, 'PkgChange', 'a{sv}asas', [{}, ['helper'], []])).toEqual([true, '']);
  expect(await simulated.names()).toBe('app-11 filesystem-1 helper-1 kernel-11 testshell-1');
  expect(existsSync(path.join(await simulated.root(), 'usr/share/plain'))).toBe(false);
});

test('brought into the running system at once, told, taken back, and there after the restart', async () => {
  const running = async (): Promise<string[]> =>
    (await simulated.inside('rpm', '--root', '/', '--dbpath', '/usr/share/rpm', '-qa', '--qf', '%{name} ')).trim().split(' ').sort();
  const files = (): Promise<string> => simulated.inside('sh', '-c', 'cat /usr/share/extra/file /etc/extra.conf; ls -d /var/lib/extra');
  const before = await running();
  // what waits leaves a package out: that isn't done to what runs, unless somebody says so
  await expect(simulated.treeline('apply-live')).rejects.toMatchObject({ stderr: expect.stringMatching(/Changed or removed: plain\./) });
  await simulated.treeline('cleanup', '--pending');
  await expect(simulated.treeline('apply-live')).rejects.toMatchObject({ stderr: expect.stringContaining('Nothing waits for a restart') });
  await expect(simulated.treeline('install', '--apply-live', '--uninstall=plain', 'extra')).rejects.toMatchObject({
    stderr: expect.stringMatching(/Changed or removed: helper, plain\./),
  });
  expect((await simulated.client.snapshot()).deployments[0]).toMatchObject({ booted: true, unlocked: 'none' });

  expect(await simulated.treeline('install', '--apply-live', 'extra')).toMatch(
    /Added: extra-1-1\n[^]*New in \/etc: \/etc\/extra.conf\n[^]*is changed until/,
  );
  expect(await running()).toEqual([...before, 'extra'].sort());
  expect(await files()).toBe('extraextra\n/var/lib/extra\n');
  const [next] = (await simulated.client.snapshot()).deployments;
  expect(await simulated.treeline('status')).toMatch(
    new RegExp(`Unlocked: transient\n +LiveCommit: ${next?.checksum}\n +LiveDiff: 1 added\n`),
  );
  const json = JSON.parse(await simulated.treeline('status', '--json')) as { deployments: Record<string, unknown>[] };
  expect(json.deployments.flatMap(problemsOf)).toEqual([]);
  expect(json.deployments[0]).not.toHaveProperty('live-replaced');
  expect(json.deployments[1]).toMatchObject({ booted: true, unlocked: 'transient', 'live-replaced': next?.checksum });

  expect(await simulated.treeline('apply-live', '--reset')).toContain('Removed: extra-1-1\n');
  expect(await running()).toEqual(before);
  // what tmpfiles made in /var is the machine's own from then on
  expect(await files()).toBe('/var/lib/extra\n');
  expect((await simulated.client.history(1))[0]).toMatchObject({ action: 'apply-live', result: 'ok', subject: 'reset' });
  expect(await simulated.treeline('apply-live', '--reset')).toContain('No change.');
  expect(await simulated.treeline('apply-live', '--dry-run')).toMatch(/Added: extra-1-1\n[^]*Exiting because of --dry-run/);
  expect(await running()).toEqual(before);
  // as rpm-ostree's command calls it
  const live = (options: Record<string, Variant>): Promise<unknown> => runJob(bus, os, iface.osExperimental, 'LiveFs', 'a{sv}', [options]);
  expect(await live({})).toEqual([true, '']);
  expect(await running()).toContain('extra');
  expect((await simulated.client.history(1))[0]).toMatchObject({ action: 'apply-live', subject: '+extra', checksum: next?.checksum });
  expect(await live({ target: new Variant('s', 'f'.repeat(64)) })).toEqual([false, expect.stringContaining('[repo.revision-not-found]')]);

  await simulated.client.restart();
  await simulated.restarted('11');
  const [booted] = (await simulated.client.snapshot()).deployments;
  expect(booted).toMatchObject({ booted: true, checksum: next?.checksum, unlocked: 'none' });
  expect(booted).not.toHaveProperty('live');
  expect(await running()).toContain('extra');
});

/** What of a recorded package change ours does, as it tells it; the rest is part of the step before. */
const steps: Readonly<Record<string, string>> = {
  'Resolving dependencies': 'Resolving dependencies',
  Importing: 'Importing packages',
  'Checking out packages': 'Putting packages onto the base',
  'Writing OSTree commit': 'Writing the layer',
};

test('a package change tells what the real daemon told, in the same order, and so does one that is refused', async () => {
  await simulated.treeline('uninstall', '--idempotent', 'plain');
  const otherThan = ['RollbackDeployment'];
  const changing = { member: 'PkgChange', signature: 'a{sv}asas', body: [{}, ['plain'], []], otherThan };
  const { title, peer } = await likeRecorded(bus, 'transaction-pkgchange.txt', changing);
  expect(title).toBe('install; install: 1');
  const begun = peer.flatMap(({ member, body }) => (member === 'TaskBegin' ? [String(body[0])] : []));
  const real = recordedSteps('transaction-pkgchange.txt').flatMap((text) => steps[text] ?? []);
  expect(real).toEqual(Object.values(steps));
  expect(begun.filter((text) => real.includes(text))).toEqual(real);
  const again = { 'install-packages': new Variant('as', ['plain']) };
  const refused = { member: 'UpdateDeployment', signature: 'a{sv}a{sv}', body: [again, {}], fails: 'plain is requested already' };
  const last = await likeRecorded(bus, 'transaction-updatedeployment.txt', refused);
  // where other users can’t read the program that is said, and nothing else
  const told = last.peer.filter(({ body }) => !String(body[0]).startsWith('Fetching with root’s rights'));
  expect(told.filter(({ member }) => /Task|Progress|Message/.test(member))).toEqual([]);
});

test('an administrator may forbid it', async () => {
  const [booted] = (await simulated.client.snapshot()).deployments.filter((each) => each.booted);
  const etc = path.join(simulated.host.sysroot, 'ostree/deploy/testos/deploy', `${booted?.checksum}.${booted?.serial}`, 'etc');
  writeFileSync(path.join(etc, 'rpm-ostreed.conf'), '[Daemon]\nLockLayering=true\n');
  const install = [{ 'install-packages': new Variant('as', ['plain']) }, {}];
  await call(bus, sysroot, iface.sysroot, 'ReloadConfig');
  await expect(runJob(bus, os, iface.os, 'UpdateDeployment', 'a{sv}a{sv}', install)).rejects.toThrow(/LockLayering.*\[layer\.locked\]/);
});
