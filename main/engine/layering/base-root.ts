// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../base/tree/index.ts';
import { varFile } from '../compose/build/root-layout.ts';
import { directoriesIn } from '../compose/build/tmpfiles.ts';

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

/**
 * A finished tree has nothing in /var: tmpfiles.d makes it at the start. Scripts find the directories that packages of the base brought there, as they do
 * where all is installed at once; what they are for good stands in tmpfiles.d already.
 */
export function makeBaseState(tree: Tree): void {
  for (const { path, mode } of directoriesIn(tree.text('tmpfiles', `usr/lib/tmpfiles.d/${varFile}`) ?? ''))
    if (path.startsWith('/var/') && !path.split('/').includes('..')) tree.makeDirectory('machineState', path.slice(1), mode);
}

const databaseLink = 'usr/lib/sysimage/rpm';
const machineId = 'usr/etc/machine-id';

/** Put packages into a tree without the link that a finished one has in the place of a directory of theirs (rpm's own). */
export function withoutDatabaseLink(tree: Tree, put: () => void): void {
  const target = tree.linkTarget('rpmdbLink', databaseLink);
  if (target === undefined) return put();
  tree.remove('rpmdbLink', databaseLink);
  put();
  tree.remove('rpmdbLink', databaseLink);
  tree.putLink('rpmdbLink', databaseLink, target);
}

/** Who a machine is isn't for scripts to say: the function that is returned gives the tree what it had of that. */
export function keepMachineId(tree: Tree): () => void {
  const before = tree.text('machineId', machineId);
  return () => {
    if (before === undefined) tree.remove('machineId', machineId);
    else if (tree.text('machineId', machineId) !== before) tree.put('machineId', machineId, before);
  };
}
