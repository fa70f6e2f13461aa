// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ImageSource } from '../../base/ports/container.ts';

/** Everything in a commit's tree: each content object with its paths, directories in order, metadata objects. Paths are without leading slash. */
export interface TreeIndex {
  /** Content checksum -> paths, sorted. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Parents first; '' is the root. */
  readonly directories: readonly { readonly path: string; readonly dirmeta: string }[];
  readonly dirtrees: readonly string[];
  readonly dirmetas: readonly string[];
}

export function indexTree(source: ImageSource, rootDirtree: string, rootDirmeta: string): TreeIndex {
  const files = new Map<string, string[]>();
  const directories: { path: string; dirmeta: string }[] = [];
  const dirtrees = new Set<string>();
  const dirmetas = new Set<string>();
  const visit = (at: string, dirtree: string, dirmeta: string): void => {
    directories.push({ path: at, dirmeta });
    dirtrees.add(dirtree);
    dirmetas.add(dirmeta);
    const [names, below] = source.repo.loadMetadata('dirtree', dirtree);
    const inside = (name: string): string => (at === '' ? name : `${at}/${name}`);
    for (const [name, sum] of names) {
      const checksum = sum.toString('hex');
      const list = files.get(checksum);
      if (list) list.push(inside(name));
      else files.set(checksum, [inside(name)]);
    }
    for (const [name, tree, meta] of below) visit(inside(name), tree.toString('hex'), meta.toString('hex'));
  };
  visit('', rootDirtree, rootDirmeta);
  for (const list of files.values()) list.sort();
  return { files, directories, dirtrees: [...dirtrees].sort(), dirmetas: [...dirmetas].sort() };
}
