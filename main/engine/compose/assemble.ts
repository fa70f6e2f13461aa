import path from 'node:path';
import type { PackageCache } from '../ports/compose-store.ts';
import type { RpmPackage } from '../ports/rpm.ts';
import { confined, type Tree } from '../tree/index.ts';
import { isLinkMode, treePath } from './tree-path.ts';

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

/** Put all packages together in a tree by hard links, in the given order, without what is left out of them. Throws package.outside-tree. */
export function assemble(cache: PackageCache, packages: readonly LocatedPackage[], tree: Tree, done: (count: number) => void): void {
  packages.forEach(({ header, commit, leftOut }, i) => {
    const unwanted = new Set(
      header.files.filter((file) => leftOut.has(file.path)).map((file) => treePath(file.path, isLinkMode(file.mode))),
    );
    const stays = staysInside(tree);
    cache.checkout(commit, tree.root, (file) => {
      const name = file.replace(/^\/+/, '');
      stays(name);
      return !unwanted.has(name);
    });
    done(i + 1);
  });
  makeScaffold(tree);
}

/**
 * libostree follows a link that stands where a directory of the commit goes. Before anything is put into a directory this is asked about it: throws
 * package.outside-tree for a link.
 */
export function staysInside(tree: Tree): (name: string) => void {
  const known = new Set(['', '.']);
  return (name) => {
    const directory = path.dirname(name);
    if (known.has(directory)) return;
    if (confined && tree.look('checkout', directory)?.isSymbolicLink()) throw tree.errors.leadsOut(directory, name);
    known.add(directory);
  };
}

/** Make the directories that scripts need and that are missing. */
export function makeScaffold(tree: Tree): void {
  for (const name of scaffold) tree.makeDirectory('scaffold', name, path.basename(name) === 'tmp' ? 0o1777 : 0o755);
}
