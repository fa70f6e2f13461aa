// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { FileType } from '../../../../shared/domain/index.ts';
import type { ObjectReader, RepoFile } from '../ports/review.ts';
import type { CommitPort, ObjectKind, RepoPort } from '../ports/sysroot.ts';

/** Checksums of a directory's content (tree) and of its mode, owner and attributes (meta). */
export interface DirRef {
  readonly tree: string;
  readonly meta: string;
}

export interface Directory {
  /** Name -> checksum of the file object; symbolic links, too. */
  readonly files: ReadonlyMap<string, string>;
  readonly dirs: ReadonlyMap<string, DirRef>;
}

export interface DirAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Reads trees of commits. What the system's repository has is trusted; what only the repository of fetched things has was written by a process
 * without privileges, and is used only when it is what the (signed) commit names.
 */
export class TreeReader {
  readonly #repo: RepoPort;
  readonly #system: RepoPort;
  readonly #objects: ObjectReader;
  readonly #directories = new Map<string, Directory>();

  /** `repo`: where objects are looked for, `system`: the system's own, its parent or itself. */
  constructor(repo: RepoPort, system: RepoPort, objects: ObjectReader) {
    this.#repo = repo;
    this.#system = system;
    this.#objects = objects;
  }

  has(type: ObjectKind, checksum: string): boolean {
    return this.#repo.hasObject(type, checksum);
  }

  /** Throws `review.content-missing`, `repo.corrupt`. */
  directory(tree: string): Directory {
    const known = this.#directories.get(tree);
    if (known) return known;
    this.#require('dirtree', tree);
    const [files, dirs] = this.#repo.loadMetadata('dirtree', tree);
    const directory = {
      files: new Map(files.map(([name, sum]) => [name, sum.toString('hex')] as const)),
      dirs: new Map(dirs.map(([name, sum, meta]) => [name, { tree: sum.toString('hex'), meta: meta.toString('hex') }] as const)),
    };
    this.#directories.set(tree, directory);
    return directory;
  }

  attributes(meta: string): DirAttributes {
    this.#require('dirmeta', meta);
    const [uid, gid, mode] = this.#repo.loadMetadata('dirmeta', meta);
    return { uid: bigEndian(uid), gid: bigEndian(gid), mode: bigEndian(mode) & 0o7777 };
  }

  /** A file object, with its content when that is at most so many bytes. */
  file(checksum: string, contentUpToBytes = 0): RepoFile {
    this.#require('file', checksum);
    return this.#objects.file(this.#repo, checksum, contentUpToBytes);
  }

  /** As file(), undefined when it isn't here. */
  tryFile(checksum: string, contentUpToBytes = 0): RepoFile | undefined {
    return this.has('file', checksum) ? this.file(checksum, contentUpToBytes) : undefined;
  }

  /** The directory at a path of a commit's tree, undefined when there is none. Links aren't followed. */
  find(commit: CommitPort, path: readonly string[]): DirRef | undefined {
    let at: DirRef | undefined = { tree: commit.rootDirtree, meta: commit.rootDirmeta };
    for (const name of path) {
      at = this.directory(at.tree).dirs.get(name);
      if (!at) return undefined;
    }
    return at;
  }

  #require(type: ObjectKind, checksum: string): void {
    if (!this.#repo.hasObject(type, checksum)) throw new TreelineError('review.content-missing', { subject: 'this version' });
    if (!this.#system.hasObject(type, checksum)) this.#objects.verify(this.#repo, type, checksum);
  }
}

function bigEndian(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.readUInt32BE();
}

export interface TreeNode {
  readonly type: Extract<FileType, 'file' | 'directory'>;
  /** Of the file object, or of a directory's attributes. */
  readonly checksum: string;
}

/** Everything below a directory by relative path, directories themselves included. Links are of type file here: only their object tells. */
export function flatten(reader: TreeReader, root: DirRef): Map<string, TreeNode> {
  const nodes = new Map<string, TreeNode>();
  const visit = (tree: string, prefix: string): void => {
    const { files, dirs } = reader.directory(tree);
    for (const [name, checksum] of files) nodes.set(prefix + name, { type: 'file', checksum });
    for (const [name, dir] of dirs) {
      nodes.set(prefix + name, { type: 'directory', checksum: dir.meta });
      visit(dir.tree, `${prefix}${name}/`);
    }
  };
  visit(root.tree, '');
  return nodes;
}

/** Whether a tree is here as a whole: every directory and every file below. */
export function isComplete(reader: TreeReader, root: DirRef): boolean {
  if (!reader.has('dirtree', root.tree)) return false;
  const { files, dirs } = reader.directory(root.tree);
  return (
    [...files.values()].every((checksum) => reader.has('file', checksum)) &&
    [...dirs.values()].every((dir) => reader.has('dirmeta', dir.meta) && isComplete(reader, dir))
  );
}
