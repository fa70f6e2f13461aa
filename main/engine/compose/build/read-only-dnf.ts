// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { Tree } from '../../base/tree/index.ts';

/** Treeline's plugin for dnf 4, from its package treeline-headless. Python's folder for plugins differs between distributions and their versions. */
const plugin = 'usr/lib/treeline/dnf/treeline.py';

/**
 * Where a tree holds both Treeline and dnf 4, dnf gets Treeline's plugin: on the booted tree it answers queries and refuses changes, saying what to use
 * instead. Returns the paths of the links, in the tree.
 */
export function guardDnf(tree: Tree): string[] {
  if (!tree.exists('dnfPlugin', plugin)) return [];
  const made: string[] = [];
  for (const folder of pythonFolders(tree)) {
    if (!tree.exists('dnfPlugin', `${folder}/dnf/__init__.py`)) continue;
    const plugins = path.join(folder, 'dnf-plugins');
    const link = path.join(plugins, 'treeline.py');
    if (tree.look('dnfPlugin', link)) continue;
    tree.putLink('dnfPlugin', link, path.relative(plugins, plugin));
    made.push(`/${link}`);
  }
  return made;
}

/** usr/lib/python3/dist-packages (Debian), usr/lib/python3.13/site-packages (Fedora) ... */
function pythonFolders(tree: Tree): string[] {
  return tree
    .names('python', 'usr/lib')
    .filter((name) => /^python3(\.\d+)?$/.test(name))
    .flatMap((name) => ['dist-packages', 'site-packages'].map((kind) => path.join('usr/lib', name, kind)));
}
