// SPDX-License-Identifier: LGPL-2.1-or-later
// A repository of ours is installed by Anaconda's ostreesetup: the commands below are what it runs (pyanaconda's payload for OSTree), in its order.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { OstreeServer } from './ostree-server.ts';
import { job } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
const osname = 'installed';
let f: ComposeFixture;
let server: OstreeServer;
let scratch = '';
let root = '';

/** The web server is in this process, so this one must not wait for the program. */
const ostree = async (...args: string[]): Promise<string> => (await promisify(execFile)('ostree', args)).stdout;

const compose = (version: string): Promise<unknown> => {
  f.add({
    name: 'kernel',
    version,
    arch: 'x86_64',
    files: { '/boot/vmlinuz-6.1': `kernel ${version}`, '/boot/initramfs-6.1.img': 'initramfs' },
  });
  f.add({
    name: 'app',
    version,
    files: { '/etc/app.conf': `packaged ${version}\n`, '/var/lib/app': { dir: true, mode: '0750' } },
    changelog: `* Mon Mar 02 2026 A <a@x> - ${version}-1\n- Version ${version}`,
  });
  const treefile = `packages: [app, kernel, filesystem]\ncontainer: false\nautomatic-version-prefix: "${version}"\n`;
  return f.compose(f.treefile(treefile));
};

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage());
  await compose('1');
  await ostree(`--repo=${f.repo}`, 'summary', '--update');
  server = new OstreeServer(f.repo);
  // writing boot entries freezes the file system: never that of this machine
  scratch = mkdtempSync('/dev/shm/treeline-installer-');
  root = path.join(scratch, 'sysimage');
  mkdirSync(root);
});

afterAll(async () => {
  await server.stop();
  await promisify(execFile)('bash', ['-c', `chattr -i '${root}'/ostree/deploy/*/deploy/* || true`]);
  rmSync(scratch, { recursive: true, force: true });
  f.dispose();
});

const deployments = async () => (await job('sysroot.load', { sysroot: root })).result.deployments;

test('Anaconda’s commands install it', async () => {
  const url = await server.start();
  const repo = `--repo=${root}/ostree/repo`;
  const sysroot = `--sysroot=${root}`;
  await ostree('admin', sysroot, 'init-fs', '--modern', root);
  await ostree('config', repo, 'set', 'sysroot.readonly', 'true');
  await ostree(repo, 'remote', 'add', '--if-not-exists', '--set=gpg-verify=false', 'distribution', url);
  await ostree(repo, 'pull', 'distribution', ref);
  await ostree('admin', sysroot, 'os-init', osname);
  await ostree('admin', sysroot, 'deploy', `--os=${osname}`, `distribution:${ref}`);
  // after the boot loader's configuration is known
  await ostree('admin', sysroot, 'instutil', 'set-kargs', '--merge', 'rw', 'root=UUID=0a1b', 'rootflags=subvol=root');
  expect(await ostree('admin', 'status', sysroot)).toMatch(new RegExp(`${osname} [0-9a-f]{64}\\.0\\n\\s+Version: 1`));
});

test('what it left is described as it is, and Treeline takes it over: update, kernel arguments, way back', async () => {
  const [first] = await deployments();
  expect(first).toMatchObject({
    osname,
    version: '1',
    kernelArgs: ['rw', 'root=UUID=0a1b', 'rootflags=subvol=root'],
    origin: { refspec: `distribution:${ref}`, remote: 'distribution', ref },
  });
  const etc = path.join(root, 'ostree/deploy', osname, 'deploy', `${first?.checksum}.0`, 'etc');
  // as the installer's later steps write them
  for (const [name, text] of Object.entries({ fstab: 'UUID=0a1b / btrfs subvol=root 0 0\n', hostname: 'new\n' }))
    writeFileSync(path.join(etc, name), text);

  await compose('2');
  await ostree(`--repo=${f.repo}`, 'summary', '--update');
  const { result } = await job('update.upgrade', { sysroot: root, osname });
  expect(result).toMatchObject({ changed: true, fromVersion: '1', toVersion: '2' });
  const [now, before] = await deployments();
  expect(now).toMatchObject({ version: '2', kernelArgs: first?.kernelArgs });
  expect(before).toMatchObject({ version: '1', rollback: true });
  const newEtc = path.join(root, 'ostree/deploy', osname, 'deploy', `${now?.checksum}.0`, 'etc');
  expect(readFileSync(path.join(newEtc, 'fstab'), 'utf8')).toContain('subvol=root');
  expect(readFileSync(path.join(newEtc, 'app.conf'), 'utf8')).toBe('packaged 2\n');

  await job('sysroot.rollback', { sysroot: root, osname });
  const status = await ostree('admin', 'status', `--sysroot=${root}`);
  expect(status.indexOf('Version: 1')).toBeLessThan(status.indexOf('Version: 2'));
  await ostree('fsck', '--quiet', `--repo=${root}/ostree/repo`);
});
