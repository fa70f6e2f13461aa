// SPDX-License-Identifier: LGPL-2.1-or-later
// An initramfs of the machine's own, from request to boot entry, on a sysroot on tmpfs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeployOutcome, JobParams } from '../../main/engine/jobs/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { job, sh } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
const osname = 'testos';
let f: ComposeFixture;
let scratch: string;
let sysroot: string;
const commits: string[] = [];

/** Says into the initramfs what it was called with, and what it saw of /etc. */
const dracut = `#!/bin/sh
for last; do :; done
{ echo "$@"; cat /etc/machine.conf 2>/dev/null || echo composed; } > /tmp/image
cat /tmp/image > "$last"
`;

async function compose(version: string): Promise<void> {
  f.add(
    { name: 'kernel', version, arch: 'x86_64', files: { [`/usr/lib/modules/6.${version}/vmlinuz`]: `kernel ${version}` } },
    appPackage(version),
  );
  const text = `packages: [app, dracut, kernel, filesystem, testshell]\ncontainer: false\ninitramfs-args: [--omit, nfs]\nautomatic-version-prefix: "${version}"\n`;
  commits.push((await f.compose(f.treefile(text))).checksum);
}

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), {
    name: 'dracut',
    tags: ['Requires: testshell'],
    files: { '/usr/bin/dracut': { content: dracut, mode: '0755' } },
  });
  await compose('1');
  // writing boot entries freezes the file system: never that of this machine
  scratch = mkdtempSync('/dev/shm/treeline-initramfs-');
  sysroot = path.join(scratch, 'sysroot');
  const more = path.join(scratch, 'more');
  makeRpms(more, [{ name: 'plain', files: { '/usr/share/plain': 'plain' } }]);
  createRepo(more);
  mkdirSync(sysroot);
  const repo = `--repo=${path.join(sysroot, 'ostree/repo')}`;
  sh('ostree', 'admin', 'init-fs', `--sysroot=${sysroot}`, '--modern', sysroot);
  sh('ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, osname);
  sh('ostree', repo, 'remote', 'add', '--set=gpg-verify=false', 'origin', `file://${f.repo}`);
  sh('ostree', repo, 'pull', 'origin', ref);
  sh('ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${osname}`, '--karg=root=LABEL=test', `origin:${ref}`);
  const etc = path.join(sysroot, 'ostree/deploy', osname, 'deploy', `${commits[0]}.0`, 'etc');
  mkdirSync(path.join(etc, 'yum.repos.d'));
  writeFileSync(path.join(etc, 'yum.repos.d/more.repo'), `[more]\nname=More\nbaseurl=file://${more}\ngpgcheck=0\n`);
  writeFileSync(path.join(etc, 'machine.conf'), 'of this machine\n');
});
afterAll(() => {
  sh('bash', '-c', `chattr -i '${sysroot}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
  rmSync(scratch, { recursive: true, force: true });
  f.dispose();
});

type More = Omit<JobParams<'update.upgrade'>, 'sysroot' | 'osname'>;
const upgrade = async (params: More): Promise<DeployOutcome> => (await job('update.upgrade', { sysroot, osname, ...params })).result;
const setInitramfs = (regenerate: boolean, ...args: string[]): Promise<DeployOutcome> =>
  upgrade({ noPullBase: true, change: { initramfs: { regenerate, args } } });

/** Of the entry that starts next: the initramfs, and the origin of its deployment. */
function next(): { initramfs: string; origin: string } {
  const entries = path.join(sysroot, 'boot/loader/entries');
  const texts = readdirSync(entries).map((name) => readFileSync(path.join(entries, name), 'utf8'));
  const version = (text: string): number => Number(/^version (\d+)$/m.exec(text)?.[1]);
  const [first = ''] = texts.sort((a, b) => version(b) - version(a));
  const place = (key: string): string => new RegExp(`^${key} (?:/boot)?(\\S+)$`, 'm').exec(first)?.[1] ?? '';
  const target = /ostree=(\S+)/.exec(first)?.[1] ?? '';
  const deployment = execFileSync('realpath', [path.join(sysroot, target)], { encoding: 'utf8' }).trim();
  return {
    initramfs: readFileSync(path.join(sysroot, 'boot', place('initrd')), 'utf8'),
    origin: readFileSync(`${deployment}.origin`, 'utf8'),
  };
}

const usual = (kernel: string, ...args: string[]): string =>
  [
    '--no-hostonly --reproducible --kver',
    kernel,
    '--add ostree --force --omit nfs',
    ...args,
    `/usr/lib/modules/${kernel}/initramfs.img`,
  ].join(' ');

test('an initramfs of this machine is made for every tree until it isn’t wanted any more', async () => {
  expect(next().initramfs).toBe(`${usual('6.1')}\ncomposed\n`);
  const made = await setInitramfs(true, '-I', '/etc/x y');
  expect(made).toMatchObject({ changed: true, toVersion: '1' });
  expect(next().initramfs).toBe(`${usual('6.1', '-I', '/etc/x y')}\nof this machine\n`);
  expect(next().origin).toBe(
    `[origin]\nbaserefspec=origin:${ref}\n\n[rpmostree]\nregenerate-initramfs=true\ninitramfs-args=-I;/etc/x y;\n`,
  );
  const ostree = (...args: string[]): string => sh('ostree', `--repo=${path.join(sysroot, 'ostree/repo')}`, ...args).trim();
  expect(ostree('rev-parse', `${made.checksum}^`)).toBe(commits[0]);
  expect(ostree('show', '--print-metadata-key=rpmostree.clientlayer', made.checksum ?? '')).toBe('true');
  expect(ostree('rev-parse', 'rpmostree/base/0')).toBe(commits[0]);

  // the same again is none; nothing new neither
  expect(await setInitramfs(true, '-I', '/etc/x y')).toMatchObject({ changed: false, checksum: made.checksum });
  expect(await upgrade({})).toMatchObject({ changed: false });
  expect(await setInitramfs(true, '-v')).toMatchObject({ changed: true });
  expect(next().initramfs).toBe(`${usual('6.1', '-v')}\nof this machine\n`);

  // with a package, and on another base with another kernel
  expect(await upgrade({ noPullBase: true, change: { install: ['plain'] } })).toMatchObject({ changed: true });
  expect(next().initramfs).toBe(`${usual('6.1', '-v')}\nof this machine\n`);
  await compose('2');
  const updated = await upgrade({});
  expect(updated).toMatchObject({ changed: true, toVersion: '2' });
  expect(next().initramfs).toBe(`${usual('6.2', '-v')}\nof this machine\n`);
  expect(ostree('cat', updated.checksum ?? '', '/usr/share/plain')).toBe('plain');

  const both = job('sysroot.initramfs-etc', {
    sysroot,
    osname,
    track: ['/etc/machine.conf'],
    untrack: [],
    untrackAll: false,
    forceSync: false,
  });
  await expect(both).rejects.toMatchObject({ code: 'initramfs.both' });

  const cli = (...args: string[]): string =>
    execFileSync(process.execPath, ['dist/cli/treeline.mjs', ...args, `--sysroot=${sysroot}`], { encoding: 'utf8' });
  expect(cli('initramfs')).toBe('Initramfs regeneration: enabled\nInitramfs args: -v\n');
  expect(cli('initramfs', '--disable')).toContain('Changes queued for next boot');
  expect(next().initramfs).toBe(`${usual('6.2')}\ncomposed\n`);
  expect(cli('initramfs')).toBe('Initramfs regeneration: disabled\n');
  expect(next().origin).not.toContain('rpmostree');
  ostree('fsck', '--quiet');
});
