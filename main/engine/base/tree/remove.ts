// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, lstatSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';

const readDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Remove an entry with all that is below it; nothing there is fine. Each directory is opened without following links and emptied by its handle, and names are
 * bytes, whatever they mean.
 */
export function removeEntry(at: string | Buffer): void {
  const stats = lstatSync(at, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isDirectory()) return unlinkSync(at);
  const fd = openSync(at, readDirectory);
  try {
    const inside = Buffer.from(`/proc/self/fd/${fd}/`);
    for (const name of readdirSync(inside, { encoding: 'buffer' })) removeEntry(Buffer.concat([inside, name]));
  } finally {
    closeSync(fd);
  }
  rmdirSync(at);
}
