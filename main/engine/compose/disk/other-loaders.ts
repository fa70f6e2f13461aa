// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { partitionOf, type Layout } from './layout.ts';
import { findBootFile, runProgram } from './programs.ts';

const extDrivers = [
  'usr/share/refind/refind/drivers_x64/ext4_x64.efi',
  'usr/share/edk2/drivers/ext4x64.efi',
  'usr/lib/efifs-x64/ext2_x64.efi',
];

/**
 * systemd-boot on the ESP. It reads loader/entries of /boot (XBOOTLDR), which is ext4, because libostree's boot directory has symbolic links: the
 * firmware needs a driver for that.
 */
export function systemdBootFiles(tree: string): Map<string, string | Buffer> {
  const loader = findBootFile(
    tree,
    ['usr/lib/systemd/boot/efi/systemd-bootx64.efi'],
    'systemd-boot-efi (Debian) or systemd-boot-unsigned (Fedora)',
  );
  const driver = findBootFile(tree, extDrivers, 'refind (Debian) or edk2-ext4 (Fedora)');
  return new Map<string, string | Buffer>([
    ['EFI/BOOT/BOOTX64.EFI', loader],
    ['EFI/systemd/systemd-bootx64.efi', loader],
    ['EFI/systemd/drivers/ext4x64.efi', driver],
    ['loader/loader.conf', Buffer.from('timeout 1\n')],
  ]);
}

/** A menu of extlinux's own, over the serial line, too. It starts the first entry after the time-out. */
export const prepareExtlinux = (boot: string): void => prepareSyslinuxMenu(boot, 'SERIAL 0 115200\nUI menu.c32\nPROMPT 0\nTIMEOUT 10\n');

const menuTarget = '../loader/syslinux.cfg';

/**
 * What must be there before libostree writes the boot entries for `bootloader=syslinux`: it keeps these lines and adds the entries. A DEFAULT line
 * would be lost when libostree writes the file for the second time. What is there already stays.
 */
export function prepareSyslinuxMenu(boot: string, lines: string): void {
  const at = (name: string): string => path.join(boot, name);
  if (!lstatSync(at('loader'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // libostree switches a link
    if (existsSync(at('loader'))) rmdirSync(at('loader'));
    mkdirSync(at('loader.0'), { recursive: true });
    symlinkSync('loader.0', at('loader'));
  }
  mkdirSync(at('syslinux'), { recursive: true });
  if (!existsSync(at('loader/syslinux.cfg'))) writeFileSync(at('loader/syslinux.cfg'), lines);
  if (!lstatSync(at('syslinux/syslinux.cfg'), { throwIfNoEntry: false })) symlinkSync(menuTarget, at('syslinux/syslinux.cfg'));
}

/** Whether a syslinux lives there which libostree's menu isn't for. */
export function hasForeignSyslinux(boot: string): boolean {
  const menu = path.join(boot, 'syslinux/syslinux.cfg');
  const stats = lstatSync(menu, { throwIfNoEntry: false });
  return stats ? !stats.isSymbolicLink() || readlinkSync(menu) !== menuTarget : existsSync(path.dirname(menu));
}

/**
 * extlinux writes into a mounted file system only: /boot is mounted for it, with a loop device, in this process's own mount namespace.
 * `mountPoint` is an empty directory.
 */
export function installExtlinux(disk: string, layout: Layout, tree: string, mountPoint: string): void {
  const { startBytes, sizeBytes } = partitionOf(layout, 'boot');
  const install = 'syslinux-common (Debian) or syslinux (Fedora)';
  const modules = ['menu.c32', 'libutil.c32', 'ldlinux.c32'].map((name) =>
    findBootFile(tree, [`usr/lib/syslinux/modules/bios/${name}`, `usr/share/syslinux/${name}`], install),
  );
  const sector = findBootFile(tree, ['usr/lib/syslinux/mbr/gptmbr.bin', 'usr/share/syslinux/gptmbr.bin'], install);
  mkdirSync(mountPoint, { recursive: true });
  runProgram('mount', ['-t', 'ext4', '-o', `loop,offset=${startBytes},sizelimit=${sizeBytes}`, disk, mountPoint]);
  try {
    for (const file of modules) writeFileSync(path.join(mountPoint, 'syslinux', path.basename(file)), readFileSync(file));
    runProgram('extlinux', ['--install', path.join(mountPoint, 'syslinux')]);
  } finally {
    runProgram('umount', [mountPoint]);
    rmSync(mountPoint, { recursive: true });
  }
  const fd = openSync(disk, 'r+');
  try {
    writeSync(fd, readFileSync(sector).subarray(0, 440), 0, undefined, 0);
  } finally {
    closeSync(fd);
  }
}
