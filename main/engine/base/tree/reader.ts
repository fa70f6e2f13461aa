// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { SystemPort } from '../ports/compose-store.ts';
import { confined, Directories, type Entry } from './directories.ts';
import { kindOf, TreeErrors, type OwnerOf } from './errors.ts';
import { checkPlace, defaultLimitBytes, treePlaces, type Operation, type PlaceName, type TreePlace } from './places.ts';

export interface TreeOptions {
  /** Which package brings a path: errors name it. */
  readonly ownerOf?: OwnerOf;
  /** For extended attributes. */
  readonly system?: Pick<SystemPort, 'getAttribute' | 'setAttribute' | 'removeAttributes'>;
  /** It is one that runs or did: its /etc is etc, and usr/etc only what that came from. */
  readonly deployed?: boolean;
}

/** open(2): a handle on a place; a device's or pipe's side effects need another open. Not among node's constants. */
export const pathOnly = 0o10000000;

export const statsOf = ({ at }: Entry): Stats | undefined => lstatSync(at, { throwIfNoEntry: false });

export const limitOf = (place: PlaceName): number => {
  const { limitBytes }: TreePlace = treePlaces[place];
  return limitBytes ?? defaultLimitBytes;
};

/** The looking half of a tree: see Tree. Nothing here changes what it looks at. */
export class TreeReader implements Disposable {
  readonly root: string;
  readonly errors: TreeErrors;
  readonly #ownerOf: OwnerOf;
  protected readonly directories: Directories;
  protected readonly system: TreeOptions['system'];

  constructor(root: string, options: TreeOptions = {}) {
    this.#ownerOf = options.ownerOf ?? ((): undefined => undefined);
    this.errors = new TreeErrors(this.#ownerOf);
    this.directories = new Directories(root, this.errors, options.deployed ?? false);
    this.root = this.directories.root;
    this.system = options.system;
  }

  [Symbol.dispose](): void {
    this.directories[Symbol.dispose]();
  }

  /** Something else (a checkout, a mount) changed the tree. */
  forget(): void {
    this.directories.forget();
  }

  /** The same, and this process may have got mounts of its own. */
  reopen(): void {
    this.directories.reopen();
  }

  /** The package that brings a path, where that is known. */
  ownerOf(target: string): string | undefined {
    return this.#ownerOf(target);
  }

  /** Of the entry itself, a link not followed. */
  look(place: PlaceName, target: string): Stats | undefined {
    this.begin(place, 'look', target);
    const entry = this.directories.locate(target, false);
    return entry && statsOf(entry);
  }

  /** Where a path leads, links followed in the tree: its path without links. */
  find(place: PlaceName, target: string): { readonly path: string; readonly stats: Stats } | undefined {
    this.begin(place, 'look', target);
    return this.findIn(target);
  }

  protected findIn(target: string): { readonly path: string; readonly stats: Stats } | undefined {
    if (!confined) {
      const plain = target.replace(/^\/+/, '');
      const stats = statSync(path.join(this.directories.root, plain), { throwIfNoEntry: false });
      return stats && { path: plain, stats };
    }
    const walk = this.directories.walk(target);
    return walk.found === true ? { path: walk.path, stats: walk.stats } : undefined;
  }

  exists(place: PlaceName, target: string): boolean {
    return this.find(place, target) !== undefined;
  }

  isDirectory(place: PlaceName, target: string): boolean {
    return this.find(place, target)?.stats.isDirectory() ?? false;
  }

  /** What the link at a path says; undefined when there is no link. */
  linkTarget(place: PlaceName, target: string): string | undefined {
    this.begin(place, 'look', target);
    const entry = this.directories.locate(target, false);
    return entry && statsOf(entry)?.isSymbolicLink() ? readlinkSync(entry.at) : undefined;
  }

  /** Names in a directory, sorted; none when it isn't there. Throws package.unusable-file for something else, and for names that aren't UTF-8. */
  names(place: PlaceName, target: string): string[] {
    this.begin(place, 'list', target);
    const directory = this.directories.directory(target);
    if (directory !== undefined) return namesOf(this.directories.open(directory), () => this.errors.badName(directory));
    const found = this.findIn(target);
    if (!found) return [];
    throw this.errors.wrongKind(found.path, kindOf(found.stats), 'directory');
  }

  /** A regular file's content; undefined when it isn't there. Throws package.unusable-file for anything else, and beyond the place's limit. */
  read(place: PlaceName, target: string): Buffer | undefined {
    const opened = this.openFile(place, target, 'read');
    if (!opened) return undefined;
    try {
      const chunks: Buffer[] = [];
      this.#pieces(place, opened, (chunk) => chunks.push(Buffer.from(chunk)));
      return Buffer.concat(chunks);
    } finally {
      closeSync(opened.fd);
    }
  }

  text(place: PlaceName, target: string): string | undefined {
    return this.read(place, target)?.toString('utf8');
  }

  /** Pass a file's content on in pieces; false when it isn't there. Throws as read() does. */
  pieces(place: PlaceName, target: string, take: (chunk: Buffer) => void): boolean {
    const opened = this.openFile(place, target, 'read');
    if (!opened) return false;
    try {
      this.#pieces(place, opened, take);
      return true;
    } finally {
      closeSync(opened.fd);
    }
  }

  #pieces(place: PlaceName, { fd, path }: { readonly fd: number; readonly path: string }, take: (chunk: Buffer) => void): void {
    const limitBytes = limitOf(place);
    const chunk = Buffer.alloc(1 << 16);
    for (let sum = 0; ;) {
      const length = readSync(fd, chunk);
      if (length === 0) return;
      sum += length;
      // it may have grown
      if (sum > limitBytes) throw this.errors.tooLarge(path, sum, limitBytes);
      take(chunk.subarray(0, length));
    }
  }

  /** A handle for reading on a regular file, links followed in the tree. */
  protected openFile(place: PlaceName, target: string, operation: Operation): { readonly fd: number; readonly path: string } | undefined {
    this.begin(place, operation, target);
    const found = this.findIn(target);
    if (!found) return undefined;
    if (found.path === '') throw this.errors.wrongKind('', 'directory', 'file');
    const entry = this.entryOf(found.path);
    const handle = openSync(entry.at, pathOnly | (confined ? constants.O_NOFOLLOW : 0));
    try {
      const stats = fstatSync(handle);
      if (!stats.isFile()) throw this.errors.wrongKind(found.path, kindOf(stats), 'file');
      const limitBytes = limitOf(place);
      if (stats.size > limitBytes) throw this.errors.tooLarge(found.path, stats.size, limitBytes);
      return { fd: openSync(`/proc/self/fd/${handle}`, constants.O_RDONLY | constants.O_NONBLOCK), path: found.path };
    } finally {
      closeSync(handle);
    }
  }

  /** The entry at a path without links. */
  protected entryOf(path: string): Entry {
    const slash = path.lastIndexOf('/');
    return this.directories.entry(slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1));
  }

  protected begin(place: PlaceName, operation: Operation, target: string): void {
    checkPlace(place, operation, target);
    this.directories.begin();
  }
}

function namesOf(fd: number, badName: () => Error): string[] {
  try {
    return readdirSync(`/proc/self/fd/${fd}/`, { encoding: 'buffer' })
      .map((raw) => {
        const name = raw.toString('utf8');
        if (name.includes('\ufffd') && !Buffer.from(name).equals(raw)) throw badName();
        return name;
      })
      .sort();
  } finally {
    closeSync(fd);
  }
}
