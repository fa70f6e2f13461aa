// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { PackageCache } from '../../base/ports/compose-store.ts';
import { rpmFileFlag, type RpmPackage } from '../../base/ports/rpm.ts';
import { confined, Tree } from '../../base/tree/index.ts';
import type { Crossings } from './crossed-links.ts';
import { isLinkMode, treePath } from '../../base/tree/tree-path.ts';
import { ownDirectory } from './workdir.ts';

/** Directories that exist while scripts run; what isn't part of a tree is taken away afterwards. */
const scaffold = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr/etc', 'var/lib', 'var/tmp'];

/** A package to put into the tree. */
export interface LocatedPackage {
  readonly header: RpmPackage;
  /** In the cache. */
  readonly commit: string;
  /** Paths of the header that don't go into the tree. */
  readonly leftOut: ReadonlySet<string>;
}

export interface Assembly {
  readonly cache: Pick<PackageCache, 'checkout'>;
  readonly tree: Tree;
  /** A directory on the tree's file system, for packages whose files go through links. */
  readonly scratch: string;
  readonly crossings: Crossings;
  readonly done: (count: number) => void;
}

/** Put all packages together in a tree by hard links, in the given order, without what is left out of them. Throws package.outside-tree. */
export function assemble(packages: readonly LocatedPackage[], { cache, tree, scratch, crossings, done }: Assembly): void {
  prepareLinks(tree, crossings);
  packages.forEach(({ header, commit, leftOut }, i) => {
    const unwanted = new Set(
      header.files.filter((file) => leftOut.has(file.path)).map((file) => treePath(file.path, isLinkMode(file.mode))),
    );
    // asking costs more than the checkout itself
    const wanted = unwanted.size > 0 ? (file: string): boolean => !unwanted.has(file.replace(/^\/+/, '')) : undefined;
    if (crossings.packages.has(header) && confined) checkoutThroughLinks(cache, commit, tree, scratch, wanted);
    else {
      checkStaysInside(tree, header);
      cache.checkout(commit, tree.root, wanted);
    }
    done(i + 1);
  });
  makeScaffold(tree);
}

/** Links on the way to files, and the directories they lead to, are there before any package: then the order of packages doesn't matter. */
function prepareLinks(tree: Tree, { links }: Crossings): void {
  for (const { link, target, directory } of links) {
    tree.makeDirectory('crossedLink', directory);
    tree.putLink('crossedLink', link, target);
  }
}

/** libostree would follow such links as this machine does: the package is put into an empty directory, and moved from there. */
function checkoutThroughLinks(
  cache: Assembly['cache'],
  commit: string,
  tree: Tree,
  scratch: string,
  wanted?: (file: string) => boolean,
): void {
  ownDirectory(scratch);
  cache.checkout(commit, scratch, wanted);
  using from = new Tree(scratch);
  moveIn(from, tree, '', '');
  from.empty('checkout', '');
}

function moveIn(from: Tree, tree: Tree, source: string, target: string): void {
  for (const name of from.names('checkout', source)) {
    const [here, there] = [joined(source, name), joined(target, name)];
    const [own, old] = [from.look('checkout', here), tree.look('checkout', there)];
    const leads = own?.isDirectory() && old ? tree.find('checkout', there) : undefined;
    if (leads?.stats.isDirectory()) moveIn(from, tree, here, leads.path);
    else if (old?.isSymbolicLink() && own?.isDirectory()) throw tree.errors.leadsOut(there, there);
    else if (old?.isDirectory()) throw tree.errors.wrongKind(there, 'directory', 'file');
    else if (own) from.moveTo(tree, 'checkout', here, there);
  }
}

const joined = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);

/**
 * libostree follows a link that stands where a directory of the commit goes: throws package.outside-tree when one stands on the way to a file of the package,
 * whose payload holds exactly what its header lists.
 */
function checkStaysInside(tree: Tree, pkg: RpmPackage): void {
  if (!confined) return;
  const known = new Set(['.']);
  for (const file of pkg.files) {
    if (file.flags & rpmFileFlag.ghost) continue;
    const name = treePath(file.path, isLinkMode(file.mode));
    for (let directory = path.dirname(name); !known.has(directory); directory = path.dirname(directory)) {
      known.add(directory);
      if (tree.look('checkout', directory)?.isSymbolicLink()) throw tree.errors.leadsOut(directory, name);
    }
  }
}

/** Make the directories that scripts need and that are missing. */
export function makeScaffold(tree: Tree): void {
  for (const name of scaffold) tree.makeDirectory('scaffold', name, path.basename(name) === 'tmp' ? 0o1777 : 0o755);
}
