// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { Tree } from '../../base/tree/index.ts';

/** Where keys that somebody said yes to are kept, each in a file of its own below its repository's id. */
const keysDirectory = 'etc/treeline/package-keys';

/** Paths on this machine of the keys that were imported for a repository. Throws package.* for what is no file. */
export function importedKeys(tree: Tree, id: string): string[] {
  const directory = path.posix.join(keysDirectory, id);
  return tree
    .names('importedKeys', directory)
    .filter((name) => name.endsWith('.asc'))
    .flatMap((name) => tree.plainPath('importedKeys', `${directory}/${name}`, 'file') ?? []);
}
