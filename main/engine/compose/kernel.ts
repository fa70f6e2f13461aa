import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import { checkSpace } from './bubblewrap.ts';
import type { Sandbox } from './sandbox.ts';
import type { Treefile } from './treefile.ts';

const modules = 'usr/lib/modules';

/** Move a file, through a copy: /boot and usr may be hard links of one object. */
function move(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  rmSync(to, { force: true });
  linkSync(from, to);
  rmSync(from);
}

/** Versions of kernels in the tree: usr/lib/modules/KVER/vmlinuz, or boot/vmlinuz-KVER, which is moved there. */
function kernels(root: string): string[] {
  const boot = path.join(root, 'boot');
  const inBoot = existsSync(boot) ? readdirSync(boot).flatMap((name) => /^vmlinu[xz]-(.+)$/.exec(name)?.[1] ?? []) : [];
  for (const version of inBoot) {
    const target = path.join(root, modules, version, 'vmlinuz');
    const source = ['vmlinuz', 'vmlinux'].map((n) => path.join(boot, `${n}-${version}`)).find((f) => existsSync(f));
    if (source && !existsSync(target)) move(source, target);
    const initramfs = [`initramfs-${version}.img`, `initrd.img-${version}`].map((n) => path.join(boot, n)).find((f) => existsSync(f));
    if (initramfs) move(initramfs, path.join(root, modules, version, 'initramfs.img'));
    for (const name of ['System.map', 'config']) {
      const file = path.join(boot, `${name}-${version}`);
      const place = path.join(root, modules, version, name);
      if (existsSync(file) && !existsSync(place)) move(file, place);
    }
  }
  const directory = path.join(root, modules);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((version) => existsSync(path.join(directory, version, 'vmlinuz')))
    .sort();
}

/**
 * Put kernel and initramfs where libostree looks for them (usr/lib/modules/KVER/{vmlinuz,initramfs.img}); make the initramfs with the tree's
 * dracut when there is none. Returns the kernel's version. Throws compose.no-kernel,
 * compose.no-initramfs, compose.script-failed.
 */
export function placeKernel(root: string, treefile: Treefile, sandbox: Sandbox, message: (text: string) => void): string {
  const versions = kernels(root);
  if (versions.length === 0) throw new TreelineError('compose.no-kernel');
  if (versions.length > 1)
    throw new TreelineError('package.conflict', {
      subject: 'Kernels',
      detail: `a tree has one kernel, this one has ${versions.join(', ')}`,
    });
  const version = versions[0] ?? '';
  if (sandbox.has(`/${modules}/${version}/kernel`)) runDepmod(version, sandbox, message);
  if (!treefile.noInitramfs && !existsSync(path.join(root, modules, version, 'initramfs.img')))
    makeInitramfs(version, treefile, sandbox, message);
  return version;
}

/** modules.dep and its like, for what no package script has done (kernel-install does it on other systems). */
function runDepmod(version: string, sandbox: Sandbox, message: (text: string) => void): void {
  const program = ['/usr/sbin/depmod', '/usr/bin/depmod'].find((name) => sandbox.has(name));
  if (program !== undefined) runTool('depmod', program, ['-a', version], sandbox, message);
}

function runTool(name: string, program: string, args: readonly string[], sandbox: Sandbox, message: (text: string) => void): void {
  const result = sandbox.run([program], { args });
  for (const line of result.output) message(`${name}: ${line}`);
  if (result.timedOut) throw new TreelineError('compose.script-timeout', { subject: name, detail: result.output.slice(-3).join(' | ') });
  checkSpace(result, name, sandbox.merged);
  if (result.status !== 0)
    throw new TreelineError('compose.script-failed', {
      subject: name,
      detail: `exit status ${result.status}: ${result.output.slice(-3).join(' | ')}`,
    });
}

function makeInitramfs(version: string, treefile: Treefile, sandbox: Sandbox, message: (text: string) => void): void {
  if (!sandbox.has('/usr/bin/dracut')) throw new TreelineError('compose.no-initramfs', { subject: version });
  const target = `/${modules}/${version}/initramfs.img`;
  const args = ['--no-hostonly', '--reproducible', '--kver', version, '--add', 'ostree', '--force', ...treefile.initramfsArgs, target];
  runTool('dracut', '/usr/bin/dracut', args, sandbox, message);
}

/** boot-location new: copies below usr/lib/ostree-boot, for old deployers, named after their content. */
export function copyToOstreeBoot(root: string, version: string): void {
  const sources = ['vmlinuz', 'initramfs.img'].map((name) => path.join(root, modules, version, name)).filter((file) => existsSync(file));
  const digest = createHash('sha256');
  for (const file of sources) digest.update(readFileSync(file));
  const checksum = digest.digest('hex');
  const target = path.join(root, 'usr/lib/ostree-boot');
  mkdirSync(target, { recursive: true });
  for (const file of sources) {
    const [stem, end] = path.basename(file) === 'vmlinuz' ? ['vmlinuz', ''] : ['initramfs', '.img'];
    copyFileSync(file, path.join(target, `${stem}-${version}${end}-${checksum}`));
  }
}

/** Move what else is in /boot (bootloader files, EFI programs) to usr/lib/ostree-boot, where bootupd finds it: /boot is the machine's. */
export function keepBootFiles(root: string): void {
  const boot = path.join(root, 'boot');
  if (!existsSync(boot)) return;
  const target = path.join(root, 'usr/lib/ostree-boot');
  for (const name of readdirSync(boot).filter((n) => n !== 'loader' && n !== 'ostree')) {
    mkdirSync(target, { recursive: true });
    renameSync(path.join(boot, name), path.join(target, name));
  }
}
