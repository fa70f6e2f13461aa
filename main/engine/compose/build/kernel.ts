// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Tree } from '../../base/tree/index.ts';
import { checkSpace } from '../../base/sandbox/bubblewrap.ts';
import type { Sandbox } from '../../base/sandbox/sandbox.ts';
import type { Treefile } from '../treefile/treefile.ts';

const modules = 'usr/lib/modules';

/** Versions of kernels in the tree: usr/lib/modules/KVER/vmlinuz, or boot/vmlinuz-KVER, which is moved there. */
function kernels(tree: Tree): string[] {
  const inBoot = bootNames(tree).flatMap((name) => /^vmlinu[xz]-(.+)$/.exec(name)?.[1] ?? []);
  const move = (name: string, version: string, to: string): void => {
    if (tree.look('bootFile', `boot/${name}`)?.isFile()) tree.move('kernel', `boot/${name}`, `${modules}/${version}/${to}`);
  };
  const isThere = (version: string, name: string): boolean => tree.look('kernel', `${modules}/${version}/${name}`) !== undefined;
  for (const version of inBoot) {
    for (const name of ['vmlinuz', 'vmlinux']) if (!isThere(version, 'vmlinuz')) move(`${name}-${version}`, version, 'vmlinuz');
    const initramfs = [`initramfs-${version}.img`, `initrd.img-${version}`].find((name) => tree.look('bootFile', `boot/${name}`)?.isFile());
    if (initramfs !== undefined) move(initramfs, version, 'initramfs.img');
    for (const name of ['System.map', 'config']) if (!isThere(version, name)) move(`${name}-${version}`, version, name);
  }
  return kernelVersions(tree);
}

/** Names in /boot. */
export const bootNames = (tree: Tree): string[] => (tree.look('boot', 'boot')?.isDirectory() ? tree.names('boot', 'boot') : []);

/** Versions of the kernels in usr/lib/modules. */
export function kernelVersions(tree: Tree): string[] {
  if (!tree.isDirectory('modules', modules)) return [];
  return tree.names('modules', modules).filter((version) => tree.exists('kernel', `${modules}/${version}/vmlinuz`));
}

/**
 * Put kernel and initramfs where libostree looks for them (usr/lib/modules/KVER/{vmlinuz,initramfs.img}); make the initramfs with the tree's
 * dracut when there is none. Returns the kernel's version. Throws compose.no-kernel,
 * compose.no-initramfs, compose.script-failed.
 */
export function placeKernel(tree: Tree, treefile: Treefile, sandbox: Sandbox, message: (text: string) => void): string {
  const version = onlyKernel(kernels(tree));
  const initramfs = initramfsOf(version);
  for (const name of [`${modules}/${version}/vmlinuz`, initramfs]) tree.requireKind('kernel', name, 'file');
  if (sandbox.has(`/${modules}/${version}/kernel`)) runDepmod(version, sandbox, message);
  if (!treefile.noInitramfs && !tree.exists('kernel', initramfs)) runDracut(version, treefile.initramfsArgs, sandbox, message);
  return version;
}

/** The version of a tree's kernel, of which it has one. Throws compose.no-kernel, package.conflict. */
export function onlyKernel(versions: readonly string[]): string {
  const [version] = versions;
  if (version === undefined) throw new TreelineError('compose.no-kernel');
  if (versions.length > 1)
    throw new TreelineError('package.conflict', {
      subject: 'Kernels',
      detail: `a tree has one kernel, this one has ${versions.join(', ')}`,
    });
  return version;
}

/** Where a kernel's initramfs is in a tree. */
export const initramfsOf = (version: string): string => `${modules}/${version}/initramfs.img`;

/** modules.dep and its like, for what no package script has done (kernel-install does it on other systems). */
export function runDepmod(version: string, sandbox: Sandbox, message: (text: string) => void): void {
  const program = ['/usr/sbin/depmod', '/usr/bin/depmod'].find((name) => sandbox.has(name));
  if (program !== undefined) runTool('depmod', program, ['-a', version], sandbox, message);
}

function runTool(name: string, program: string, args: readonly string[], sandbox: Sandbox, message: (text: string) => void): void {
  const result = sandbox.run([program], { args, who: { subject: name } });
  for (const line of result.output) message(`${name}: ${line}`);
  if (result.timedOut) throw new TreelineError('compose.script-timeout', { subject: name, detail: result.output.slice(-3).join(' | ') });
  checkSpace(result, name, sandbox.merged);
  if (result.status !== 0)
    throw new TreelineError('compose.script-failed', {
      subject: name,
      detail: `exit status ${result.status}: ${result.output.slice(-3).join(' | ')}`,
    });
}

/**
 * Make the initramfs with the tree's dracut(8), in the place of one that is there. `args` come last, so that they win over what is usual here. Throws
 * compose.no-initramfs, compose.script-failed, compose.script-timeout, disk.full.
 */
export function runDracut(version: string, args: readonly string[], sandbox: Sandbox, message: (text: string) => void): void {
  if (!sandbox.has('/usr/bin/dracut')) throw new TreelineError('compose.no-initramfs', { subject: version });
  const all = ['--no-hostonly', '--reproducible', '--kver', version, '--add', 'ostree', '--force', ...args, `/${initramfsOf(version)}`];
  runTool('dracut', '/usr/bin/dracut', all, sandbox, message);
}

/** boot-location new: copies below usr/lib/ostree-boot, for old deployers, named after their content. */
export function copyToOstreeBoot(tree: Tree, version: string): void {
  const digest = createHash('sha256');
  const sources = ['vmlinuz', 'initramfs.img'].filter((name) =>
    tree.pieces('kernel', `${modules}/${version}/${name}`, (chunk) => digest.update(chunk)),
  );
  const checksum = digest.digest('hex');
  for (const name of sources) {
    const [stem, end] = name === 'vmlinuz' ? ['vmlinuz', ''] : ['initramfs', '.img'];
    tree.copyFile('ostreeBoot', `${modules}/${version}/${name}`, `usr/lib/ostree-boot/${stem}-${version}${end}-${checksum}`);
  }
}

/** Make the copies below usr/lib/ostree-boot anew in a tree that has some. */
export function renewBootCopies(tree: Tree, version: string): void {
  const place = 'usr/lib/ostree-boot';
  if (!tree.look('bootCopies', place)?.isDirectory()) return;
  const copies = tree.names('bootCopies', place).filter((name) => /^(vmlinuz|initramfs)-/.test(name));
  for (const name of copies) tree.remove('bootCopies', `${place}/${name}`);
  if (copies.length > 0) copyToOstreeBoot(tree, version);
}

/** Move what else is in /boot (bootloader files, EFI programs) to usr/lib/ostree-boot, where bootupd finds it: /boot is the machine's. */
export function keepBootFiles(tree: Tree): void {
  for (const name of bootNames(tree))
    if (name !== 'loader' && name !== 'ostree') tree.moveInto('ostreeBoot', `boot/${name}`, `usr/lib/ostree-boot/${name}`);
}
