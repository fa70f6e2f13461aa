// SPDX-License-Identifier: LGPL-2.1-or-later
import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { TreeRoot } from '../../engine/base/ports/compose-store.ts';
import type { Repo, ObjectType } from './repo.ts';

export interface TreeObject {
  readonly type: Extract<ObjectType, 'file' | 'dirtree' | 'dirmeta'>;
  readonly checksum: string;
}

/** Directory objects read before, for walks through several similar trees. */
export type DirtreeMemo = Map<
  string,
  { readonly files: readonly string[]; readonly dirs: readonly (readonly [tree: string, meta: string])[] }
>;

/** Every object of a tree, each once, files before the directories that hold them. */
export function objectsOf(repo: Repo, root: TreeRoot, memo: DirtreeMemo = new Map()): TreeObject[] {
  const read = (dirtree: string): { readonly files: readonly string[]; readonly dirs: readonly (readonly [string, string])[] } => {
    const known = memo.get(dirtree);
    if (known) return known;
    const [files, dirs] = repo.loadMetadata('dirtree', dirtree);
    const entry = {
      files: files.map(([, checksum]) => checksum.toString('hex')),
      dirs: dirs.map(([, tree, meta]) => [tree.toString('hex'), meta.toString('hex')] as const),
    };
    memo.set(dirtree, entry);
    return entry;
  };
  const objects: TreeObject[] = [];
  const seen = new Set<string>();
  const add = (type: TreeObject['type'], checksum: string): boolean => {
    const key = `${checksum}.${type}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  const visit = (dirtree: string, dirmeta: string): void => {
    if (add('dirmeta', dirmeta)) objects.push({ type: 'dirmeta', checksum: dirmeta });
    if (!add('dirtree', dirtree)) return;
    const { files, dirs } = read(dirtree);
    for (const checksum of files) if (add('file', checksum)) objects.push({ type: 'file', checksum });
    for (const [contents, meta] of dirs) visit(contents, meta);
    objects.push({ type: 'dirtree', checksum: dirtree });
  };
  visit(root.dirtree, root.dirmeta);
  return objects;
}

/**
 * Size of a loose object of an archive repository, undefined if it isn't there (it may be in a transaction, or in a parent repository). One
 * stat: a call into libostree for each of the thousands of unchanged objects is most of an incremental compose's time.
 */
export function looseSize(repo: Repo, { type, checksum }: TreeObject): number | undefined {
  const name = `${checksum.slice(2)}.${type === 'file' ? 'filez' : type}`;
  return lstatSync(path.join(repo.path, 'objects', checksum.slice(0, 2), name), { throwIfNoEntry: false })?.size;
}

/** LEB128, as ostree-varint.c writes it. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

const typeNumber = { file: 1, dirtree: 2, dirmeta: 3 } as const;

/** An object with its bytes in an archive repository and unpacked. */
export interface SizedObject extends TreeObject {
  readonly archivedBytes: number;
  readonly unpackedBytes: number;
}

/** Unpacked sizes of files are those of the bare cache. */
export function sized(target: Repo, cache: Repo, object: TreeObject): SizedObject {
  const { type, checksum } = object;
  const archivedBytes = looseSize(target, object) ?? target.objectStorageSize(type, checksum);
  const unpackedBytes =
    type === 'file' ? lstatSync(path.join(cache.path, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.file`)).size : archivedBytes;
  return { type, checksum, archivedBytes, unpackedBytes };
}

/**
 * `ostree.sizes` (aay): per object its checksum, stored and unpacked bytes as varints, and its type; sorted by checksum, as libostree's own
 * `--generate-sizes` writes it.
 */
export function ostreeSizes(objects: readonly SizedObject[]): Buffer[] {
  return [...objects]
    .sort((a, b) => (a.checksum < b.checksum ? -1 : a.checksum > b.checksum ? 1 : typeNumber[a.type] - typeNumber[b.type]))
    .map(({ type, checksum, archivedBytes, unpackedBytes }) =>
      Buffer.from([...Buffer.from(checksum, 'hex'), ...varint(archivedBytes), ...varint(unpackedBytes), typeNumber[type]]),
    );
}
