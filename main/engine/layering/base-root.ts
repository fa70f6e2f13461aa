// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../base/tree/index.ts';

/** Links of a finished tree's root, and the one below usr, in whose place packages expect directories. */
const linkable = ['home', 'root', 'opt', 'srv', 'mnt', 'media', 'tmp', 'usr/local'];
/** What a deployment holds nothing in. */
const mountPoints = ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'var'];

export interface BaseRoot {
  /** Root link -> its target. */
  readonly targets: Readonly<Record<string, string>>;
  /** Make the root what it was; names of links whose place isn't free any more. */
  putBack(): string[];
}

/** A finished tree has links to /var in the places that packages bring directories in: they are taken away while packages are put into it. */
export function takeRoot(tree: Tree): BaseRoot {
  const names = new Set(tree.names('layout', ''));
  const modes = mountPoints.flatMap((name): [string, number][] => {
    const stats = tree.look('layout', name);
    return stats?.isDirectory() ? [[name, stats.mode & 0o7777]] : [];
  });
  const links = linkable.flatMap((name): [string, string][] => {
    const target = tree.linkTarget('layout', name);
    if (target === undefined) return [];
    tree.remove('layout', name);
    return [[name, target]];
  });
  return {
    targets: Object.fromEntries(links),
    putBack: () => {
      const occupied = links
        .map(([name]) => name)
        .filter((name) => tree.isDirectory('layout', name) && tree.names('layout', name).length > 0);
      for (const name of tree.names('layout', '')) if (!names.has(name)) tree.remove('layout', name);
      for (const [name, mode] of modes) {
        tree.remove('layout', name);
        tree.makeDirectory('layout', name);
        tree.setMode('layout', name, mode);
      }
      for (const [name, target] of links) {
        tree.remove('layout', name);
        tree.putLink('layout', name, target);
      }
      return occupied;
    },
  };
}
