// SPDX-License-Identifier: LGPL-2.1-or-later
import { filesKey, filesType, gapsKey, gapsType } from '../../engine/base/ports/commit-sizes.ts';
import type { CommitRequest } from '../../engine/base/ports/compose-store.ts';
import { Variant, type VariantValue } from '../core/index.ts';
import type { Repo } from './repo.ts';
import { objectsOf, ostreeSizes, sized, type DirtreeMemo, type SizedObject, type TreeObject } from './sizes.ts';
import type { Dirtree } from '../../engine/base/ports/gvariant-types.ts';

/** Metadata of a commit about sizes: see engine/base/ports/commit-sizes.ts. `objects` are the tree's, all of them in `target` by now. */
export function tellSizes(
  target: Repo,
  cache: Repo,
  request: CommitRequest,
  objects: readonly TreeObject[],
): [key: string, value: VariantValue][] {
  const all = objects.map((object) => sized(target, cache, object));
  const memo: DirtreeMemo = new Map();
  const gaps = request.ancestors.flatMap((commit) => {
    const has = treeOf(target, commit, memo);
    return has
      ? [
          row(
            commit,
            all.filter((o) => !has.has(`${o.checksum}.${o.type}`)),
          ),
        ]
      : [];
  });
  return [
    [gapsKey, new Variant(gapsType, [row('', all), ...gaps])],
    [filesKey, new Variant(filesType, told(cache, request, new Map(all.map((o) => [o.checksum, o]))))],
    ...(request.generateSizes ? [['ostree.sizes', new Variant('aay', ostreeSizes(all))] as [string, VariantValue]] : []),
  ];
}

function row(commit: string, objects: readonly SizedObject[]): VariantValue {
  const sum = (key: 'archivedBytes' | 'unpackedBytes'): bigint => BigInt(objects.reduce((total, o) => total + o[key], 0));
  return [Buffer.from(commit, 'hex'), BigInt(objects.length), sum('archivedBytes'), sum('unpackedBytes')];
}

/** All objects of a commit; undefined when the repository doesn't have it whole (it was pruned). */
function treeOf(repo: Repo, checksum: string, memo: DirtreeMemo): Set<string> | undefined {
  const commit = repo.tryLoadCommit(checksum);
  if (commit?.state !== 'normal') return undefined;
  const objects = objectsOf(repo, { dirtree: commit.rootDirtree, dirmeta: commit.rootDirmeta }, memo);
  return new Set(objects.map((o) => `${o.checksum}.${o.type}`));
}

/** Rows of `treeline.files`: in the directories asked for and one level below. */
function told(cache: Repo, request: CommitRequest, sizes: ReadonlyMap<string, SizedObject>): VariantValue {
  const { directories, wanted } = request.toldFiles;
  const load = (checksum: string): Dirtree => cache.loadMetadata('dirtree', checksum);
  const files: [path: string, checksum: string][] = [];
  const list = (directory: string, tree: Dirtree): void => {
    for (const [name, checksum] of tree[0]) files.push([`${directory}/${name}`, checksum.toString('hex')]);
  };
  for (const directory of directories) {
    let tree: Dirtree | undefined = load(request.root.dirtree);
    for (const part of directory.split('/')) {
      const next: readonly [string, Buffer, Buffer] | undefined = tree?.[1].find(([name]) => name === part);
      tree = next && load(next[1].toString('hex'));
    }
    if (!tree) continue;
    list(directory, tree);
    for (const [name, sum] of tree[1]) list(`${directory}/${name}`, load(sum.toString('hex')));
  }
  return files
    .filter(([path]) => wanted(path))
    .map(([path, checksum]) => {
      const size = sizes.get(checksum);
      return [path, Buffer.from(checksum, 'hex'), BigInt(size?.archivedBytes ?? 0), BigInt(size?.unpackedBytes ?? 0)];
    });
}
