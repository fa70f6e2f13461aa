// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../../base/tree/index.ts';
import { rpmdbPath } from './postprocess.ts';

const baseDatabase = 'usr/lib/sysimage/rpm-ostree-base-db';

/**
 * The base's own package database a second time, where rpm-ostree looks it up on systems whose database has layered packages, too. Same files: it takes
 * no space.
 */
export function keepBaseDatabase(tree: Tree): void {
  const from = rpmdbPath.slice(1);
  tree.remove('baseDatabase', baseDatabase);
  for (const name of tree.names('baseDatabase', from))
    if (tree.look('baseDatabase', `${from}/${name}`)?.isFile())
      tree.putHardLink('baseDatabase', `${from}/${name}`, `${baseDatabase}/${name}`);
}
