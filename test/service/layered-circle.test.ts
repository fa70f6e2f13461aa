// SPDX-License-Identifier: LGPL-2.1-or-later
// What test/boot/layered.test.ts does on a real system, in seconds: packages with scripts, users and a wish for the initramfs, used at once, over restarts, an
// update, overrides and the way back.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRepo, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from '../native/compose-fixture.ts';
import { SimulatedHost } from './simulated.ts';

let f: ComposeFixture;
let simulated: SimulatedHost;

const initramfs = '/usr/lib/modules/6.2/initramfs.img';
const bootPackage: RpmSource = {
  name: 'kernel',
  arch: 'x86_64',
  files: { '/usr/lib/modules/6.2/vmlinuz': 'kernel 6.2', [initramfs]: 'made by the composer' },
};
/** Puts the configuration of packages and machine into the initramfs. */
const dracutPackage: RpmSource = {
  name: 'dracut',
  tags: ['Requires: testshell'],
  files: {
    '/usr/bin/dracut': {
      content:
        '#!/bin/sh\nfor last; do :; done\ncat /usr/lib/dracut/dracut.conf.d/*.conf /etc/dracut.conf.d/*.conf > "$last" 2>/dev/null\nexit 0\n',
      mode: '0755',
    },
  },
};
const leaf = (version: string): RpmSource => ({ name: 'leaf', version, files: { '/usr/share/leaf': `leaf ${version}` } });
const spare: RpmSource = { name: 'spare', files: { '/usr/share/spare': 'spare' } };
/** A user, an owner that a script needs, a capability, and a script’s file. */
const servicePackage: RpmSource = {
  name: 'service',
  tags: ['Requires: helper', 'Provides: user(runner)', 'Provides: group(runner)'],
  files: {
    '/usr/lib/sysusers.d/service.conf': 'u runner 471 "Runs the service"\n',
    '/usr/bin/serve': { content: '#!/bin/sh\necho served\n', mode: '0755', caps: 'cap_dac_read_search=ep' },
    '/usr/share/service': { dir: true, mode: '0750', user: 'runner', group: 'runner' },
    '/etc/service.conf': { content: 'shipped\n', directive: '%config(noreplace)' },
  },
  scripts: {
    post: 'echo "installed $1" > /usr/share/service-post',
    posttrans: 'cat /usr/share/service-post > /usr/share/service-posttrans',
  },
};
const driverPackage: RpmSource = { name: 'driver', files: { '/usr/lib/dracut/dracut.conf.d/driver.conf': 'add_drivers+=" raid1 "\n' } };
const trialPackage: RpmSource = { name: 'trial', files: { '/usr/share/trial': 'on trial\n' } };

async function compose(version: string): Promise<string> {
  f.add(appPackage(version), leaf(version));
  const packages = '[app, dracut, kernel, filesystem, leaf, spare, testshell]';
  const text = `packages: ${packages}\ncontainer: false\nboot-location: new\nautomatic-version-prefix: "${version}"\n`;
  return (await f.compose(f.treefile(text))).checksum;
}

beforeAll(async () => {
  simulated = await SimulatedHost.start();
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), bootPackage, dracutPackage, spare);
  const more = path.join(simulated.host.dir, 'more');
  makeRpms(more, [servicePackage, driverPackage, trialPackage, { name: 'helper', files: { '/usr/share/helper': 'helper' } }]);
  createRepo(more);
  await simulated.becomes(f.repo, await compose('10'), '10');
  const etc = path.join(await simulated.root(), 'etc');
  mkdirSync(path.join(etc, 'yum.repos.d'), { recursive: true });
  writeFileSync(path.join(etc, 'yum.repos.d/more.repo'), `[more]\nname=More\nbaseurl=file://${more}\ngpgcheck=0\n`);
});
afterAll(async () => {
  await simulated?.stop();
  f?.dispose();
});

const inside = (words: string): Promise<string> => simulated.inside('sh', '-c', words);
const base = (version: string): string[] => [
  `app-${version}`,
  'dracut-1',
  'filesystem-1',
  'kernel-1',
  `leaf-${version}`,
  'spare-1',
  'testshell-1',
];
const layered = ['driver-1', 'helper-1', 'service-1'];

async function restarts(version: string, packages: readonly string[]): Promise<void> {
  await simulated.client.restart();
  await simulated.restarted(version);
  expect((await simulated.client.snapshot()).deployments[0]).toMatchObject({ booted: true, version });
  expect((await simulated.names()).split(' ')).toEqual([...packages].sort());
}

/** In what runs: owners, capability, the work of scripts, and what rpm says of it. */
async function worksAsPackaged(): Promise<void> {
  expect(
    await inside(
      '/usr/bin/serve; cat /usr/share/service-posttrans /etc/service.conf; stat -c "%a %u" /usr/share/service; getcap /usr/bin/serve',
    ),
  ).toBe('served\ninstalled 1\nshipped\n750 471\n/usr/bin/serve cap_dac_read_search=ep\n');
  // the machine that lends its programs doesn't look into /usr/lib: live, systemd-sysusers makes it once more
  expect(await inside('cat /usr/lib/passwd /etc/passwd | grep ^runner: | cut -d: -f1,3 | sort -u')).toBe('runner:471\n');
}

test('used without a restart, beside one that isn’t to stay', async () => {
  await simulated.treeline('install', '--apply-live', 'service');
  await worksAsPackaged();
  await simulated.treeline('install', '--apply-live', 'trial');
  await simulated.treeline('uninstall', 'trial');
  expect(await inside('cat /usr/share/trial')).toBe('on trial\n');
  const [staged, booted] = (await simulated.client.snapshot()).deployments;
  expect(staged).toMatchObject({ staged: true, layer: { packages: ['service'] } });
  expect(booted).toMatchObject({ booted: true, unlocked: 'transient' });
  expect(booted?.live?.commit).not.toBe(staged?.checksum);
});

test('there after the restart, in the initramfs too; kept by an update', async () => {
  await simulated.treeline('install', 'driver');
  await inside('mkdir -p /etc/dracut.conf.d; echo \'machine="yes"\' > /etc/dracut.conf.d/machine.conf');
  await simulated.treeline('initramfs', '--enable');
  await restarts('10', [...base('10'), ...layered]);
  await worksAsPackaged();
  const wanted = 'add_drivers+=" raid1 "\nmachine="yes"\n';
  expect(readFileSync(path.join(await simulated.root(), initramfs), 'utf8')).toBe(wanted);
  await expect(inside('cat /usr/share/trial')).rejects.toThrow(/No such file/);
  await simulated.publish(f.repo, await compose('11'));
  await simulated.treeline('upgrade');
  await restarts('11', [...base('11'), ...layered]);
  await worksAsPackaged();
  expect(readFileSync(path.join(await simulated.root(), initramfs), 'utf8')).toBe(wanted);
});

test('one package of the base replaced, another left out; taken again; and back', async () => {
  const [file = ''] = makeRpms(simulated.host.dir, [leaf('99')]);
  const own = base('11').filter((name) => !/^(leaf|spare)-/.test(name));
  await simulated.treeline('initramfs', '--disable');
  await simulated.treeline('override', 'replace', file, '--remove', 'spare');
  const overridden = [...own, 'leaf-99', ...layered];
  await restarts('11', overridden);
  await worksAsPackaged();
  expect(await inside('cat /usr/share/leaf; ls /usr/share/spare 2>&1 || true')).toMatch(/^leaf 99.*No such file/);
  expect(readFileSync(path.join(await simulated.root(), initramfs), 'utf8')).not.toContain('raid1');
  await simulated.treeline('override', 'reset', '--all');
  await restarts('11', [...base('11'), ...layered]);
  await worksAsPackaged();
  expect(existsSync(path.join(await simulated.root(), 'usr/share/spare'))).toBe(true);
  await simulated.treeline('rollback');
  await restarts('11', overridden);
  await worksAsPackaged();
  const verify = [
    '--root',
    await simulated.root(),
    '--dbpath',
    '/usr/share/rpm',
    '-V',
    'service',
    'helper',
    'driver',
    'leaf',
    '--nomtime',
    '--nodeps',
  ];
  expect(execFileSync('rpm', verify, { encoding: 'utf8' })).toBe('');
  execFileSync('ostree', ['fsck', '--quiet', `--repo=${simulated.host.sysroot}/ostree/repo`]);
});
