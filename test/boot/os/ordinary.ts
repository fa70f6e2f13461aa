// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeDisk as makePartitions } from '../../../main/engine/compose/disk/file-systems.ts';
import { embedGrub } from '../../../main/engine/compose/disk/grub.ts';
import { mib, partitionOf, planLayout, type Partition } from '../../../main/engine/compose/disk/layout.ts';
import { run } from '../packages/commands.ts';
import { kernelOf, packagesOf, type TestOs } from './compose-os.ts';

const grubModules = '/usr/lib/grub/i386-pc';
const units = ['treeline-test-agent', 'systemd-networkd'];

/** As Debian's grub-mkconfig writes it: the default, once another entry; at the end the administrator's own entries; `root` is left at some other place. */
const grubConfig = `
if [ -s $prefix/grubenv ]; then load_env; fi
if [ "\${next_entry}" ] ; then
  set default="\${next_entry}"
  set next_entry=
  save_env next_entry
else
  set default="0"
fi
set timeout=1
serial --unit=0 --speed=115200
terminal_output serial console
search --no-floppy --set=root --label root
menuentry 'The old system' --id 'old' {
  search --no-floppy --set=root --label boot
  linux /vmlinuz root=LABEL=root rw console=ttyS0 fsck.repair=yes
  initrd /initrd.img
}
if [ -f  \${config_directory}/custom.cfg ]; then
  source \${config_directory}/custom.cfg
elif [ -z "\${config_directory}" -a -f  $prefix/custom.cfg ]; then
  source $prefix/custom.cfg
fi
`;

/** Version 1's packages installed by rpm itself, with a kernel in /boot, which is a partition of its own, and a GRUB as grub-install leaves it. */
export async function makeOrdinaryDisk(os: TestOs, directory: string): Promise<string> {
  const root = mkdtempSync(path.join(directory, 'ordinary-'));
  const boot = mkdtempSync(path.join(directory, 'ordinary-boot-'));
  try {
    await installPackages(os, root);
    await fillBoot(os, root, boot);
    return await writeDisk(root, boot, path.join(directory, 'ordinary.raw'));
  } finally {
    rmSync(root, { recursive: true });
    rmSync(boot, { recursive: true });
  }
}

async function installPackages(os: TestOs, root: string): Promise<void> {
  const packages = packagesOf(os, '1');
  const files = readdirSync(packages).filter((name) => name.endsWith('.rpm'));
  for (const name of ['proc', 'sys', 'dev', 'run', 'tmp', 'boot']) mkdirSync(path.join(root, name));
  await run('chmod', ['1777', path.join(root, 'tmp')]);
  // packages' scripts write to it
  await run('mknod', ['-m', '666', path.join(root, 'dev/null'), 'c', '1', '3']);
  const rpm = ['--root', root, '--dbpath', '/usr/lib/sysimage/rpm'];
  // libraries come before the ldconfig that their scripts would run
  await run('rpm', [...rpm, '--install', '--nosignature', ...files.map((name) => path.join(packages, name))]);
  await run('chroot', [root, '/usr/sbin/ldconfig']);
  // packages named owners that didn't exist yet
  await run('chroot', [root, '/usr/bin/systemd-sysusers']);
  await run('rpm', [...rpm, '--setugids', '--all']);
  const wants = path.join(root, 'etc/systemd/system/multi-user.target.wants');
  mkdirSync(wants, { recursive: true });
  for (const unit of units) symlinkSync(`/usr/lib/systemd/system/${unit}.service`, path.join(wants, `${unit}.service`));
  symlinkSync('/usr/lib/systemd/system/multi-user.target', path.join(root, 'etc/systemd/system/default.target'));
  // empty, not missing: units stay as they are
  writeFileSync(path.join(root, 'etc/machine-id'), '');
  writeFileSync(path.join(root, 'etc/fstab'), 'LABEL=root / ext4 defaults 0 1\nLABEL=boot /boot ext4 defaults 0 2\n');
}

async function fillBoot(os: TestOs, root: string, boot: string): Promise<void> {
  const modules = path.join('usr/lib/modules', await kernelOf(os, '1'));
  cpSync(path.join(root, modules, 'vmlinuz'), path.join(boot, 'vmlinuz'));
  // the image of the composed system; its OSTree part does nothing without ostree= on the kernel's command line
  const initramfs = path.join('/', modules, 'initramfs.img');
  await run('ostree', [`--repo=${os.repo}`, 'checkout', '--user-mode', `--subpath=${initramfs}`, os.commits['1'], path.join(boot, 'out')]);
  cpSync(path.join(boot, 'out/initramfs.img'), path.join(boot, 'initrd.img'));
  rmSync(path.join(boot, 'out'), { recursive: true });
  cpSync(grubModules, path.join(boot, 'grub/i386-pc'), { recursive: true });
  writeFileSync(path.join(boot, 'grub/grub.cfg'), grubConfig);
  writeFileSync(path.join(boot, 'grub/grubenv'), '# GRUB Environment Block\n'.padEnd(1024, '#'));
}

async function writeDisk(root: string, boot: string, disk: string): Promise<string> {
  const layout = planLayout({
    ...{ bootloader: 'grub', firmware: 'bios', bootLabel: 'boot', rootLabel: 'root' },
    ...{ bootSizeBytes: 512 * mib, rootMinBytes: 6 * 1024 * mib },
  });
  makePartitions(disk, layout);
  const fill = ({ name, startBytes, sizeBytes }: Partition, from: string): Promise<string> =>
    run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', name, '-d', from, '-E', `offset=${startBytes}`, disk, `${sizeBytes / 1024}k`]);
  await fill(partitionOf(layout, 'boot'), boot);
  await fill(partitionOf(layout, 'root'), root);
  const core = `${disk}.core`;
  await run('grub-mkimage', ['-O', 'i386-pc', '-p', '(,gpt2)/grub', '-o', core, 'biosdisk', 'part_gpt', 'ext2']);
  embedGrub(disk, layout, readFileSync(path.join(grubModules, 'boot.img')), readFileSync(core));
  rmSync(core);
  return disk;
}
