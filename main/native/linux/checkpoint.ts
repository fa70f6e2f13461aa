// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { bind } from '../core/index.ts';

const ioctl = bind('c', 'ioctl', 'int', ['int', 'ulong', koffi.pointer('uint32')]);
/** `_IOW('f', 43, __u32)` of the kernel's fs/ext4/ext4.h, since Linux 5.14; needs CAP_SYS_ADMIN. */
const ext4Checkpoint = 0x4004662b;

/**
 * Write what an ext4 file system holds in its journal to where it belongs. Boot loaders read the disk without its journal: what was renamed or
 * removed can stay unseen by them for half a minute, whatever was synced. Other file systems, and older kernels, refuse it; nothing is lost then.
 */
export function checkpoint(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    ioctl(fd, ext4Checkpoint, [0]);
  } finally {
    closeSync(fd);
  }
}
