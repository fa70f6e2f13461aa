// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, fstatSync, readdirSync } from 'node:fs';

/**
 * Close files, directories and devices that a careless caller left open: through one on a directory, a link to /proc/self/fd leads out of the walls
 * (engine/jobs/walls). Node's own descriptors are of other kinds (pipes, epoll(7), eventfd(2)), and this runs before anything else is opened.
 * `last`: the highest one that belongs to this process.
 */
export function closeInherited(last: number): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd <= last) continue;
    try {
      const stats = fstatSync(fd);
      if (stats.isDirectory() || stats.isFile() || stats.isBlockDevice() || stats.isCharacterDevice()) closeSync(fd);
    } catch {
      // the directory that was just listed
    }
  }
}
