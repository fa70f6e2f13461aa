// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../../base/tree/index.ts';

/** What programs keep in /var/lib and belongs to the tree: as a link to usr/lib, it is updated with it (rpm-ostree does so for the same two). */
const names = ['alternatives', 'vagrant'];

/** Before scripts run: what they write there is part of the tree then. */
export function linkVarLib(tree: Tree): void {
  for (const name of names) {
    const [link, directory] = [`var/lib/${name}`, `usr/lib/${name}`];
    const there = tree.look('varLib', link);
    if (there && !there.isDirectory()) continue;
    tree.makeDirectory('varLib', directory);
    if (there) for (const each of tree.names('varLib', link)) tree.move('varLib', `${link}/${each}`, `${directory}/${each}`);
    tree.remove('varLib', link);
    tree.putLink('varLib', link, `../../usr/lib/${name}`);
  }
}
