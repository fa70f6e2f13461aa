// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardDnf } from '../../main/engine/compose/build/read-only-dnf.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { makeRpms } from '../fixtures/make-rpm.ts';
import { busConfiguration, ScratchSystem, until } from './scratch-system.ts';

function guard(): string[] {
  using tree = new Tree(system.root);
  return guardDnf(tree);
}

const assets = path.resolve(import.meta.dirname, '../../assets/system');
const packages = ['--setopt=reposdir=/nowhere', '--repofrompath=local,file:///run/packages', '--setopt=local.gpgcheck=0', '--assumeyes'];

let system: ScratchSystem;
let linked: string[];

beforeAll(async () => {
  const work = mkdtempSync('/dev/shm/treeline-read-only-');
  makeRpms(work, [{ name: 'apple', version: '1', files: { '/usr/share/apple': 'red\n' } }]);
  execFileSync('createrepo_c', ['--quiet', work]);
  system = await ScratchSystem.start();
  cpSync(work, path.join(system.root, 'run/packages'), { recursive: true });
  // as the packages put it, and as a compose then finds it
  mkdirSync(path.join(system.root, 'usr/lib/treeline/dnf'), { recursive: true });
  system.put(path.join(assets, 'read-only-dnf.py'), '/usr/lib/treeline/dnf/treeline.py');
  system.put(path.join(assets, 'treeline.rules'), '/usr/share/polkit-1/rules.d/40-treeline.rules');
  linked = guard();
  writeFileSync(path.join(work, 'bus.conf'), busConfiguration);
  system.put(path.join(work, 'bus.conf'), '/tmp/bus.conf');
  rmSync(work, { recursive: true });
});
afterAll(() => system.stop());

const dnf = (...words: string[]): { status: number; output: string } => system.try('dnf', ...packages, ...words);

describe('dnf on a booted tree', () => {
  it('finds its plugin where the tree’s Python looks', () => {
    expect(linked.length).toBeGreaterThan(0);
    expect(guard()).toEqual([]);
  });

  it('may change a system that is none', () => {
    expect(dnf('install', 'apple')).toMatchObject({ status: 0, output: expect.stringContaining('Complete!') as string });
    expect(dnf('remove', 'apple').status).toBe(0);
  });

  it('answers queries and refuses changes, with what to use instead', () => {
    system.run('sh', '-c', 'touch /run/ostree-booted && mount --bind /usr /usr && mount -o remount,bind,ro /usr');
    expect(dnf('repoquery', 'apple').output).toContain('apple-0:1-1.noarch');
    expect(dnf('info', 'apple')).toMatchObject({ status: 0 });
    for (const words of [
      ['install', 'apple'],
      ['--downloadonly', 'install', 'nothing-like-it'],
    ] as const) {
      expect(dnf(...words).status).toBe(1);
    }
    const refused = dnf('install', 'apple');
    expect(refused.output).toContain('this system is one read-only tree');
    expect(refused.output).toContain('treeline install');
    // before anything is downloaded
    expect(refused.output).not.toContain('Downloading Packages');
    expect(dnf('--installroot=/tmp/other', 'install', 'apple').status).toBe(0);
  });

  it('may again while the tree is unlocked', () => {
    system.run('mount', '-o', 'remount,bind,rw', '/usr');
    const { status, output } = dnf('install', 'apple');
    // dnf 4.23 asks libostree itself whether the deployment is unlocked, and here is none: that it isn't us who refuses is seen
    if (system.try('python3', '-c', 'import dnf.util; dnf.util._BootcSystem').status === 0)
      expect(output).not.toContain('this system is one read-only tree');
    else expect(status).toBe(0);
    system.run('mount', '-o', 'remount,bind,ro', '/usr');
  });
});

describe('PackageKit on a booted tree', () => {
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const check = (action: string): { status: number; output: string } =>
    system.try('sh', '-c', `exec ${asNobody.join(' ')} pkcheck --action-id org.freedesktop.packagekit.${action} --process $$`);

  beforeAll(async () => {
    system.run('mkdir', '-p', '/run/dbus');
    system.spawn('dbus-daemon', '--config-file=/tmp/bus.conf', '--nofork', '--nopidfile');
    await until(() => system.try('test', '-S', '/run/dbus/system_bus_socket').status === 0);
    const polkitd = ['/usr/lib/polkit-1/polkitd', '/usr/libexec/polkitd'].find((file) => system.try('test', '-x', file).status === 0) ?? '';
    system.spawn(polkitd, '--no-debug');
    await until(() => system.try('pkaction').output.includes('org.freedesktop.packagekit.package-install'));
  });

  it('is not let change anything', () => {
    for (const action of ['package-install', 'package-remove', 'system-update', 'trigger-offline-update']) {
      expect(check(action), action).toEqual({ status: 1, output: 'Not authorized.\n' });
    }
  });

  it('may still refresh what it knows, after the usual question', () => {
    expect(check('system-sources-refresh').output).not.toBe('Not authorized.\n');
  });

  it('is asked as before on a system that is none', () => {
    system.run('rm', '/run/ostree-booted');
    // wants an administrator, whom nobody can ask here
    expect(check('package-install').output).not.toBe('Not authorized.\n');
  });
});
