import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { TreeRoot } from '../../engine/ports/compose-store.ts';
import type { Repo, ObjectType } from './repo.ts';

export interface TreeObject {
  readonly type: Extract<ObjectType, 'file' | 'dirtree' | 'dirmeta'>;
  readonly checksum: string;
}

type Dirtree = [files: [string, Buffer][], directories: [string, Buffer, Buffer][]];

/** Every object of a tree, each once, files before the directories that hold them. */
export function objectsOf(repo: Repo, root: TreeRoot): TreeObject[] {
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
    const [files, directories] = repo.loadMetadata('dirtree', dirtree) as unknown as Dirtree;
    for (const [, checksum] of files) {
      const hex = checksum.toString('hex');
      if (add('file', hex)) objects.push({ type: 'file', checksum: hex });
    }
    for (const [, contents, meta] of directories) visit(contents.toString('hex'), meta.toString('hex'));
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

/**
 * `ostree.sizes` (aay): per object its checksum, stored and unpacked bytes as varints, and its type; sorted by checksum, as libostree's own
 * `--generate-sizes` writes it. Unpacked sizes of files are those of the bare cache.
 */
export function sizesOf(target: Repo, cache: Repo, objects: readonly TreeObject[]): Buffer[] {
  return [...objects]
    .sort((a, b) => (a.checksum < b.checksum ? -1 : a.checksum > b.checksum ? 1 : typeNumber[a.type] - typeNumber[b.type]))
    .map((object) => {
      const { type, checksum } = object;
      const stored = looseSize(target, object) ?? target.objectStorageSize(type, checksum);
      const unpacked =
        type === 'file' ? lstatSync(path.join(cache.path, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.file`)).size : stored;
      return Buffer.from([...Buffer.from(checksum, 'hex'), ...varint(stored), ...varint(unpacked), typeNumber[type]]);
    });
}
