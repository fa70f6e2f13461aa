// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  cpSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import type { SystemPort } from '../ports/compose-store.ts';
import { confined, Directories, type Entry } from './directories.ts';
import { kindOf, TreeErrors, type Kind, type OwnerOf } from './errors.ts';
import { checkPlace, defaultLimitBytes, treePlaces, type Operation, type PlaceName, type TreePlace } from './places.ts';
import { removeEntry } from './remove.ts';

export interface TreeOptions {
  /** Which package brings a path: errors name it. */
  readonly ownerOf?: OwnerOf;
  /** For extended attributes. */
  readonly system?: Pick<SystemPort, 'getAttribute' | 'setAttribute' | 'removeAttributes'>;
}

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

/** open(2): a handle on a place; a device's or pipe's side effects need another open. Not among node's constants. */
const pathOnly = 0o10000000;
const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Beside an entry; short, because the entry's own name may be as long as a name can be. */
const temporaryFor = ({ at }: Entry): string => `${at.slice(0, at.lastIndexOf('/'))}/.treeline-new.${process.pid}`;

/**
 * A composed or unpacked tree, as seen from outside of the sandbox: hostile packages decide what is in it, and we are root. Every access goes through here:
 * it reaches its file beneath the tree's root (see Directories), opens regular files only, never waits for a pipe, never reads without a limit, and changes
 * no file's content in place (files are hard links into the cache). What a place is good for is declared in places.ts.
 *
 * Paths without a leading slash are the tree's own (usr/etc); with one they are those of a program running in it (/etc is usr/etc). Methods that look
 * follow links inside of the tree and give undefined where there is nothing, or where a link leads out; methods that change never follow the last part,
 * and throw package.outside-tree when a link on the way leads out, package.unusable-file when something of another kind stands there.
 */
export class Tree implements Disposable {
  readonly root: string;
  readonly errors: TreeErrors;
  readonly #ownerOf: OwnerOf;
  readonly #directories: Directories;
  readonly #system: TreeOptions['system'];

  constructor(root: string, options: TreeOptions = {}) {
    this.#ownerOf = options.ownerOf ?? ((): undefined => undefined);
    this.errors = new TreeErrors(this.#ownerOf);
    this.#directories = new Directories(root, this.errors);
    this.root = this.#directories.root;
    this.#system = options.system;
  }

  [Symbol.dispose](): void {
    this.#directories[Symbol.dispose]();
  }

  /** Something else (a checkout, a mount) changed the tree. */
  forget(): void {
    this.#directories.forget();
  }

  /** The package that brings a path, where that is known. */
  ownerOf(target: string): string | undefined {
    return this.#ownerOf(target);
  }

  // ---- looking

  /** Of the entry itself, a link not followed. */
  look(place: PlaceName, target: string): Stats | undefined {
    this.#begin(place, 'look', target);
    const entry = this.#directories.locate(target, false);
    return entry && statsOf(entry);
  }

  /** Where a path leads, links followed in the tree: its path without links. */
  find(place: PlaceName, target: string): { readonly path: string; readonly stats: Stats } | undefined {
    this.#begin(place, 'look', target);
    return this.#find(target);
  }

  #find(target: string): { readonly path: string; readonly stats: Stats } | undefined {
    if (!confined) {
      const plain = target.replace(/^\/+/, '');
      const stats = statSync(path.join(this.#directories.root, plain), { throwIfNoEntry: false });
      return stats && { path: plain, stats };
    }
    const walk = this.#directories.walk(target);
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
    this.#begin(place, 'look', target);
    const entry = this.#directories.locate(target, false);
    return entry && statsOf(entry)?.isSymbolicLink() ? readlinkSync(entry.at) : undefined;
  }

  /** Names in a directory, sorted; none when it isn't there. Throws package.unusable-file for something else, and for names that aren't UTF-8. */
  names(place: PlaceName, target: string): string[] {
    this.#begin(place, 'list', target);
    const directory = this.#directories.directory(target);
    if (directory !== undefined) return namesOf(this.#directories.open(directory), () => this.errors.badName(directory));
    const found = this.#find(target);
    if (!found) return [];
    throw this.errors.wrongKind(found.path, kindOf(found.stats), 'directory');
  }

  /** A regular file's content; undefined when it isn't there. Throws package.unusable-file for anything else, and beyond the place's limit. */
  read(place: PlaceName, target: string): Buffer | undefined {
    const opened = this.#openFile(place, target, 'read');
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
    const opened = this.#openFile(place, target, 'read');
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
  #openFile(place: PlaceName, target: string, operation: Operation): { readonly fd: number; readonly path: string } | undefined {
    this.#begin(place, operation, target);
    const found = this.#find(target);
    if (!found) return undefined;
    if (found.path === '') throw this.errors.wrongKind('', 'directory', 'file');
    const entry = this.#entryOf(found.path);
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
  #entryOf(path: string): Entry {
    const slash = path.lastIndexOf('/');
    return this.#directories.entry(slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1));
  }

  #begin(place: PlaceName, operation: Operation, target: string): void {
    checkPlace(place, operation, target);
    this.#directories.begin();
  }

  // ---- changing

  /** The entry that is about to change. */
  #change(place: PlaceName, operation: Operation, target: string, make = false, isFirst = true): Entry | undefined {
    if (isFirst) this.#begin(place, operation, target);
    else checkPlace(place, operation, target);
    return this.#directories.locate(target, true, make);
  }

  #changed(stats: Stats | undefined): void {
    if (stats && !stats.isFile()) this.#directories.forget();
  }

  /**
   * Put a file in the place of what is there (never through a link, never into a hard link), its directory made when it is missing. Owner and mode of an old
   * file stay, unless `mode` says another; a new one has 0644. Throws package.unusable-file where a directory stands.
   */
  put(place: PlaceName, target: string, content: string | Buffer, mode?: number): void {
    const entry = this.#change(place, 'write', target, true) as Entry;
    const old = statsOf(entry);
    if (old && !old.isFile() && !old.isSymbolicLink()) throw this.errors.wrongKind(entry.path, kindOf(old), 'file');
    this.#replace(entry, (fd) => {
      writeFileSync(fd, content);
      const made = fstatSync(fd);
      const kept = old?.isFile() ? old : undefined;
      if (kept && (kept.uid !== made.uid || kept.gid !== made.gid)) fchownSync(fd, kept.uid, kept.gid);
      fchmodSync(fd, mode ?? (kept ? kept.mode & 0o7777 : 0o644));
    });
    this.#changed(old);
  }

  #replace(entry: Entry, fill: (fd: number) => void): void {
    const temporary = temporaryFor(entry);
    removeEntry(temporary);
    const fd = openSync(temporary, newFile, 0o600);
    try {
      fill(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, entry.at);
  }

  /**
   * Give a file of the tree a copy of its own in the place of its hard link, with another owner and mode; its capabilities stay. Nothing happens
   * when it isn't there. Throws package.unusable-file for anything but a file.
   */
  copyForOwner(place: PlaceName, target: string, owner: Ownership, mode: number): void {
    const entry = this.#change(place, 'copy', target);
    if (!entry || !statsOf(entry)) return;
    const handle = openSync(entry.at, pathOnly | constants.O_NOFOLLOW);
    try {
      const stats = fstatSync(handle);
      if (!stats.isFile()) throw this.errors.wrongKind(entry.path, kindOf(stats), 'file');
      const limitBytes = limitOf(place);
      if (stats.size > limitBytes) throw this.errors.tooLarge(entry.path, stats.size, limitBytes);
      const caps = this.#attributes.getAttribute(entry.at, capability);
      const temporary = temporaryFor(entry);
      removeEntry(temporary);
      copyFileSync(`/proc/self/fd/${handle}`, temporary, constants.COPYFILE_EXCL);
      // changing the owner clears setuid bits and capabilities: they come after it
      lchownSync(temporary, owner.uid, owner.gid);
      chmodSync(temporary, mode & 0o7777);
      if (caps) this.#attributes.setAttribute(temporary, capability, caps);
      renameSync(temporary, entry.at);
    } finally {
      closeSync(handle);
    }
  }

  /** Copy a file of the tree to another place of it, in the place of what is there; false when there is none to copy. Throws as read() does. */
  copyFile(place: PlaceName, from: string, to: string): boolean {
    const opened = this.#openFile(place, from, 'copy');
    if (!opened) return false;
    try {
      const entry = this.#change(place, 'copy', to, true, false) as Entry;
      const old = statsOf(entry);
      if (old?.isDirectory()) throw this.errors.wrongKind(entry.path, 'directory', 'file');
      const temporary = temporaryFor(entry);
      removeEntry(temporary);
      copyFileSync(`/proc/self/fd/${opened.fd}`, temporary, constants.COPYFILE_EXCL);
      renameSync(temporary, entry.at);
      this.#changed(old);
      return true;
    } finally {
      closeSync(opened.fd);
    }
  }

  /** Copy a file or directory of this machine into the tree, in the place of what is there; links in it stay as they are. */
  copyIn(place: PlaceName, source: string, target: string): void {
    const entry = this.#change(place, 'write', target, true) as Entry;
    const old = statsOf(entry);
    removeEntry(entry.at);
    cpSync(source, entry.at, { recursive: true, verbatimSymlinks: true });
    this.#changed(old);
  }

  /** Make a directory and those above it that are missing (mode 0755). */
  makeDirectory(place: PlaceName, target: string, mode?: number): void {
    this.#begin(place, 'make', target);
    const before = mode === undefined ? true : this.#find(target) !== undefined;
    const directory = this.#directories.forChange(target, true) as string;
    if (!before && mode !== undefined) this.#setMode(this.#entryOf(directory), mode);
  }

  /** Make a symbolic link in the place of a file or link, its directory made when it is missing. Throws package.unusable-file where a directory stands. */
  putLink(place: PlaceName, target: string, leadsTo: string): void {
    const entry = this.#change(place, 'write', target, true) as Entry;
    const old = statsOf(entry);
    if (old?.isDirectory()) throw this.errors.wrongKind(entry.path, 'directory', 'link');
    if (old) removeEntry(entry.at);
    symlinkSync(leadsTo, entry.at);
    this.#changed(old);
  }

  /** Rename; whatever is at the other place makes room. The directory there is made when it is missing; nothing happens when there is nothing to move. */
  move(place: PlaceName, from: string, to: string): void {
    const source = this.#change(place, 'move', from);
    const stats = source && statsOf(source);
    if (!source || !stats) return;
    const goal = this.#change(place, 'move', to, true, false) as Entry;
    const old = statsOf(goal);
    if (old && (old.isDirectory() || stats.isDirectory())) removeEntry(goal.at);
    // two names of one file: rename(2) would keep both
    if (old && old.ino === stats.ino && old.dev === stats.dev && goal.path !== source.path) removeEntry(goal.at);
    renameSync(source.at, goal.at);
    this.#directories.forget();
  }

  /** Give a file another name besides its own, in the place of what is there; false when there is no such file. */
  putHardLink(place: PlaceName, from: string, to: string): boolean {
    const source = this.#change(place, 'move', from);
    if (!source || !statsOf(source)) return false;
    const goal = this.#change(place, 'move', to, true, false) as Entry;
    removeEntry(goal.at);
    linkSync(source.at, goal.at);
    return true;
  }

  /** Remove an entry with all that is below it; nothing there is fine. */
  remove(place: PlaceName, target: string): void {
    const entry = this.#change(place, 'remove', target);
    if (!entry) return;
    const stats = statsOf(entry);
    removeEntry(entry.at);
    this.#changed(stats);
  }

  /** Remove what a directory holds, and leave it; nothing there is fine. */
  empty(place: PlaceName, target: string): void {
    this.#begin(place, 'remove', target);
    const directory = this.#directories.forChange(target, false);
    if (directory === undefined) return;
    const fd = this.#directories.open(directory);
    try {
      const inside = Buffer.from(`/proc/self/fd/${fd}/`);
      for (const name of readdirSync(inside, { encoding: 'buffer' })) removeEntry(Buffer.concat([inside, name]));
    } finally {
      closeSync(fd);
    }
    this.#directories.forget();
  }

  /** Permission bits of a file or directory; those of a link can't be set. Nothing happens when it isn't there. */
  setMode(place: PlaceName, target: string, mode: number): void {
    const entry = this.#change(place, 'mode', target);
    if (entry && statsOf(entry)) this.#setMode(entry, mode);
  }

  #setMode(entry: Entry, mode: number): void {
    const handle = openSync(entry.at, pathOnly | constants.O_NOFOLLOW);
    try {
      if (!fstatSync(handle).isSymbolicLink()) chmodSync(`/proc/self/fd/${handle}`, mode);
    } finally {
      closeSync(handle);
    }
  }

  /** Owner of an entry, a link not followed. Nothing happens when it isn't there. */
  setOwner(place: PlaceName, target: string, { uid, gid }: Ownership): void {
    const entry = this.#change(place, 'mode', target);
    if (entry && statsOf(entry)) lchownSync(entry.at, uid, gid);
  }

  getAttribute(place: PlaceName, target: string, name: string): Buffer | undefined {
    this.#begin(place, 'look', target);
    const entry = this.#directories.locate(target, false);
    return entry && this.#attributes.getAttribute(entry.at, name);
  }

  setAttribute(place: PlaceName, target: string, name: string, value: Buffer): void {
    const entry = this.#change(place, 'mode', target);
    if (entry) this.#attributes.setAttribute(entry.at, name, value);
  }

  removeAttributes(place: PlaceName, target: string, prefixes: readonly string[]): void {
    const entry = this.#change(place, 'mode', target);
    if (entry) this.#attributes.removeAttributes(entry.at, prefixes);
  }

  get #attributes(): NonNullable<TreeOptions['system']> {
    if (!this.#system) throw new RangeError('this tree was opened without access to attributes');
    return this.#system;
  }

  // ---- for others

  /**
   * For libraries that open what they want by its name, as this machine follows links: throws unless a directory and all below are directories and files,
   * and links that stay beneath the root for everybody. Nothing there is fine. Throws package.outside-tree, package.unusable-file.
   */
  requirePlain(place: PlaceName, target: string): void {
    const parts = target.split('/');
    for (let length = 1; confined && length < parts.length; length++) {
      const above = parts.slice(0, length).join('/');
      if (this.#directories.isLinkOut(above)) throw this.errors.leadsOut(above, target);
    }
    this.#requirePlain(place, target);
  }

  #requirePlain(place: PlaceName, target: string): void {
    const stats = target === '' ? this.find(place, '')?.stats : this.look(place, target);
    if (!stats || !confined) return;
    if (stats.isSymbolicLink()) {
      if (this.#directories.leadsOut(target)) throw this.errors.leadsOut(target, target);
      return;
    }
    if (!stats.isDirectory()) {
      if (!stats.isFile()) throw this.errors.wrongKind(target, kindOf(stats), 'file');
      const limitBytes = limitOf(place);
      if (stats.size > limitBytes) throw this.errors.tooLarge(target, stats.size, limitBytes);
      return;
    }
    for (const name of this.names(place, target)) this.#requirePlain(place, target === '' ? name : `${target}/${name}`);
  }

  /**
   * The path on this machine, without links, of a file or directory (with all that is below it) that a library or program opens by its name; undefined when it
   * isn't there. Throws as requirePlain().
   */
  plainPath(place: PlaceName, target: string, wanted: 'file' | 'directory'): string | undefined {
    const found = this.find(place, target);
    if (!found) return undefined;
    if (kindOf(found.stats) !== wanted) throw this.errors.wrongKind(found.path, kindOf(found.stats), wanted);
    this.requirePlain(place, found.path);
    return path.join(this.root, found.path);
  }

  /** Move an entry of this tree into another tree (of the same file system), in the place of what is there. */
  moveTo(other: Tree, place: PlaceName, from: string, to: string): void {
    const source = this.#change(place, 'move', from);
    if (!source || !statsOf(source)) return;
    const goal = other.#change(place, 'move', to) as Entry;
    const old = statsOf(goal);
    if (old?.isDirectory()) removeEntry(goal.at);
    renameSync(source.at, goal.at);
    this.#directories.forget();
    other.#changed(old);
  }

  /** Throws package.outside-tree or package.unusable-file when a directory that is going to be changed can't be. */
  checkDirectory(target: string): void {
    this.#directories.forChange(target, false);
  }

  /** Throws package.unusable-file when something else than this is there, links followed in the tree; nothing there is fine. */
  requireKind(place: PlaceName, target: string, wanted: Kind): void {
    const found = this.find(place, target);
    if (found && kindOf(found.stats) !== wanted) throw this.errors.wrongKind(found.path, kindOf(found.stats), wanted);
  }
}

const capability = 'security.capability';

const statsOf = ({ at }: Entry): Stats | undefined => lstatSync(at, { throwIfNoEntry: false });

const limitOf = (place: PlaceName): number => (treePlaces[place] as TreePlace).limitBytes ?? defaultLimitBytes;

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
