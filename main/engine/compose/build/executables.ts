// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../../base/tree/index.ts';

const executable = 0o111;
const writable = 0o222;

/** readonly-executables: take the write bits of all programs in usr (not usr/etc) away, through copies: files are hard links into the cache. */
export function makeExecutablesReadOnly(tree: Tree): void {
  const visit = (directory: string): void => {
    for (const name of tree.names('executables', directory)) {
      const file = `${directory}/${name}`;
      const stats = tree.look('executables', file);
      if (stats?.isDirectory() && file !== 'usr/etc') visit(file);
      else if (stats?.isFile() && (stats.mode & executable) !== 0 && (stats.mode & writable) !== 0)
        tree.copyForOwner('executables', file, stats, stats.mode & ~writable);
    }
  };
  visit('usr');
}
