import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
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

/**
 * What must be there before libostree writes the boot entries: it keeps these lines and adds the entries. The menu starts the first one after the
 * time-out; a DEFAULT line would be lost when libostree writes the file for the second time.
 */
export function prepareExtlinux(boot: string): void {
  mkdirSync(path.join(boot, 'loader.0'), { recursive: true });
  symlinkSync('loader.0', path.join(boot, 'loader'));
  mkdirSync(path.join(boot, 'syslinux'));
  writeFileSync(path.join(boot, 'loader/syslinux.cfg'), 'SERIAL 0 115200\nUI menu.c32\nPROMPT 0\nTIMEOUT 10\n');
  symlinkSync('../loader/syslinux.cfg', path.join(boot, 'syslinux/syslinux.cfg'));
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
