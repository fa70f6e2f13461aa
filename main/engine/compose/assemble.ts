import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { PackageCache } from '../ports/compose-store.ts';
import type { RpmPackage } from '../ports/rpm.ts';
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

/** Put all packages together in `root` by hard links, in the given order, without what is left out of them. */
export function assemble(cache: PackageCache, packages: readonly LocatedPackage[], root: string, done: (count: number) => void): void {
  packages.forEach(({ header, commit, leftOut }, i) => {
    const unwanted = new Set(
      header.files.filter((file) => leftOut.has(file.path)).map((file) => treePath(file.path, isLinkMode(file.mode))),
    );
    cache.checkout(commit, root, unwanted.size > 0 ? (p) => !unwanted.has(p.replace(/^\/+/, '')) : undefined);
    done(i + 1);
  });
  makeScaffold(root);
}

/** Make the directories that scripts need and that are missing. */
export function makeScaffold(root: string): void {
  for (const name of scaffold) {
    const directory = path.join(root, name);
    if (existsSync(directory)) continue;
    mkdirSync(directory, { recursive: true });
    if (path.basename(name) === 'tmp') chmodSync(directory, 0o1777);
  }
}
