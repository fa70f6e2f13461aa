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
  openSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import type { Entry } from './directories.ts';
import { kindOf } from './errors.ts';
import { checkPlace, type Operation, type PlaceName } from './places.ts';
import { limitOf, pathOnly, statsOf, TreeReader, type TreeOptions } from './reader.ts';
import { removeEntry } from './remove.ts';

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Beside an entry; short, because the entry's own name may be as long as a name can be. */
const temporaryFor = ({ at }: Entry): string => `${at.slice(0, at.lastIndexOf('/'))}/.treeline-new.${process.pid}`;

const capability = 'security.capability';

/** The changing half of a tree: see Tree. No file's content is changed in place, and nothing is reached through a link in the last place. */
export class TreeWriter extends TreeReader {
  /** The entry that is about to change. */
  protected change(place: PlaceName, operation: Operation, target: string, make = false, isFirst = true): Entry | undefined {
    if (isFirst) this.begin(place, operation, target);
    else checkPlace(place, operation, target);
    return this.directories.locate(target, true, make);
  }

  /** The same for what is to be there afterwards: its directory is made where it is missing. */
  protected changeOrMake(place: PlaceName, operation: Operation, target: string, isFirst = true): Entry {
    const entry = this.change(place, operation, target, true, isFirst);
    if (!entry) throw new RangeError(`${target} has no directory, although it was made`);
    return entry;
  }

  protected changed(stats: Stats | undefined): void {
    if (stats && !stats.isFile()) this.directories.forget();
  }

  /**
   * Put a file in the place of what is there (never through a link, never into a hard link), its directory made when it is missing. Owner and mode of an old
   * file stay, unless `mode` says another; a new one has 0644. Throws package.unusable-file where a directory stands.
   */
  put(place: PlaceName, target: string, content: string | Buffer, mode?: number): void {
    const entry = this.changeOrMake(place, 'write', target);
    const old = statsOf(entry);
    if (old && !old.isFile() && !old.isSymbolicLink()) throw this.errors.wrongKind(entry.path, kindOf(old), 'file');
    this.#replace(entry, (fd) => {
      writeFileSync(fd, content);
      const made = fstatSync(fd);
      const kept = old?.isFile() ? old : undefined;
      if (kept && (kept.uid !== made.uid || kept.gid !== made.gid)) fchownSync(fd, kept.uid, kept.gid);
      fchmodSync(fd, mode ?? (kept ? kept.mode & 0o7777 : 0o644));
    });
    this.changed(old);
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
    const entry = this.change(place, 'copy', target);
    if (!entry || !statsOf(entry)) return;
    const handle = openSync(entry.at, pathOnly | constants.O_NOFOLLOW);
    try {
      const stats = fstatSync(handle);
      if (!stats.isFile()) throw this.errors.wrongKind(entry.path, kindOf(stats), 'file');
      const limitBytes = limitOf(place);
      if (stats.size > limitBytes) throw this.errors.tooLarge(entry.path, stats.size, limitBytes);
      const caps = this.attributes.getAttribute(entry.at, capability);
      const temporary = temporaryFor(entry);
      removeEntry(temporary);
      copyFileSync(`/proc/self/fd/${handle}`, temporary, constants.COPYFILE_EXCL);
      // changing the owner clears setuid bits and capabilities: they come after it
      lchownSync(temporary, owner.uid, owner.gid);
      chmodSync(temporary, mode & 0o7777);
      if (caps) this.attributes.setAttribute(temporary, capability, caps);
      renameSync(temporary, entry.at);
    } finally {
      closeSync(handle);
    }
  }

  /** Copy a file of the tree to another place of it, in the place of what is there; false when there is none to copy. Throws as read() does. */
  copyFile(place: PlaceName, from: string, to: string): boolean {
    const opened = this.openFile(place, from, 'copy');
    if (!opened) return false;
    try {
      const entry = this.changeOrMake(place, 'copy', to, false);
      const old = statsOf(entry);
      if (old?.isDirectory()) throw this.errors.wrongKind(entry.path, 'directory', 'file');
      const temporary = temporaryFor(entry);
      removeEntry(temporary);
      copyFileSync(`/proc/self/fd/${opened.fd}`, temporary, constants.COPYFILE_EXCL);
      renameSync(temporary, entry.at);
      this.changed(old);
      return true;
    } finally {
      closeSync(opened.fd);
    }
  }

  /** Copy a file or directory of this machine into the tree, in the place of what is there; links in it stay as they are. */
  copyIn(place: PlaceName, source: string, target: string, judge: (from: string) => void): void {
    const entry = this.changeOrMake(place, 'write', target);
    const old = statsOf(entry);
    removeEntry(entry.at);
    const filter = (from: string): boolean => {
      judge(from);
      return true;
    };
    cpSync(source, entry.at, { recursive: true, verbatimSymlinks: true, filter });
    this.changed(old);
  }

  /**
   * Let a library that goes by paths put a file, or `whole` a directory, in the place of what is there. `put` gets what leads to this very place, whoever swaps what
   * meanwhile: of the directory that the file comes into, or of the directory to be made. The directory above is made when it is missing.
   */
  putByHandle(place: PlaceName, target: string, whole: boolean, put: (into: string) => void): void {
    const entry = this.changeOrMake(place, 'write', target);
    const old = statsOf(entry);
    // files are replaced by renaming
    if (old && (whole || old.isDirectory())) removeEntry(entry.at);
    put(whole ? entry.at : entry.at.slice(0, entry.at.lastIndexOf('/')));
    if (whole) this.directories.forget();
    else this.changed(old);
  }

  /** Make a directory and those above it that are missing (mode 0755). */
  makeDirectory(place: PlaceName, target: string, mode?: number): void {
    this.begin(place, 'make', target);
    const before = mode === undefined ? true : this.findIn(target) !== undefined;
    const directory = this.directories.forChange(target, true);
    if (!before && mode !== undefined && directory !== undefined) this.setModeOf(this.entryOf(directory), mode);
  }

  /** Make a symbolic link in the place of a file or link, its directory made when it is missing. Throws package.unusable-file where a directory stands. */
  putLink(place: PlaceName, target: string, leadsTo: string): void {
    const entry = this.changeOrMake(place, 'write', target);
    const old = statsOf(entry);
    if (old?.isDirectory()) throw this.errors.wrongKind(entry.path, 'directory', 'link');
    if (old) removeEntry(entry.at);
    symlinkSync(leadsTo, entry.at);
    this.changed(old);
  }

  /** Rename; whatever is at the other place makes room. The directory there is made when it is missing; nothing happens when there is nothing to move. */
  move(place: PlaceName, from: string, to: string): void {
    const source = this.change(place, 'move', from);
    const stats = source && statsOf(source);
    if (!source || !stats) return;
    const goal = this.changeOrMake(place, 'move', to, false);
    const old = statsOf(goal);
    if (old && (old.isDirectory() || stats.isDirectory())) removeEntry(goal.at);
    // two names of one file: rename(2) would keep both
    if (old && old.ino === stats.ino && old.dev === stats.dev && goal.path !== source.path) removeEntry(goal.at);
    renameSync(source.at, goal.at);
    this.directories.forget();
  }

  /** As move(), but a directory comes into one that is there: what that holds under other names stays. */
  moveInto(place: PlaceName, from: string, to: string): void {
    const isDirectory = (name: string): boolean => this.look(place, name)?.isDirectory() ?? false;
    if (!isDirectory(from) || !isDirectory(to)) return this.move(place, from, to);
    for (const name of this.names(place, from)) this.moveInto(place, `${from}/${name}`, `${to}/${name}`);
    this.remove(place, from);
  }

  /** Give a file another name besides its own, in the place of what is there; false when there is no such file. */
  putHardLink(place: PlaceName, from: string, to: string): boolean {
    const source = this.change(place, 'move', from);
    if (!source || !statsOf(source)) return false;
    const goal = this.changeOrMake(place, 'move', to, false);
    removeEntry(goal.at);
    linkSync(source.at, goal.at);
    return true;
  }

  /** Remove an entry with all that is below it; nothing there is fine. */
  remove(place: PlaceName, target: string): void {
    const entry = this.change(place, 'remove', target);
    if (!entry) return;
    const stats = statsOf(entry);
    removeEntry(entry.at);
    this.changed(stats);
  }

  /** Remove what a directory holds, and leave it; nothing there is fine. */
  empty(place: PlaceName, target: string): void {
    this.begin(place, 'remove', target);
    const directory = this.directories.forChange(target, false);
    if (directory === undefined) return;
    const fd = this.directories.open(directory);
    try {
      const inside = Buffer.from(`/proc/self/fd/${fd}/`);
      for (const name of readdirSync(inside, { encoding: 'buffer' })) removeEntry(Buffer.concat([inside, name]));
    } finally {
      closeSync(fd);
    }
    this.directories.forget();
  }

  /** Move an entry of this tree into another tree (of the same file system), in the place of what is there. */
  moveTo(other: TreeWriter, place: PlaceName, from: string, to: string): void {
    const source = this.change(place, 'move', from);
    if (!source || !statsOf(source)) return;
    const goal = other.changeOrMake(place, 'move', to);
    const old = statsOf(goal);
    if (old?.isDirectory()) removeEntry(goal.at);
    renameSync(source.at, goal.at);
    this.directories.forget();
    other.changed(old);
  }

  protected setModeOf(entry: Entry, mode: number): void {
    const handle = openSync(entry.at, pathOnly | constants.O_NOFOLLOW);
    try {
      if (!fstatSync(handle).isSymbolicLink()) chmodSync(`/proc/self/fd/${handle}`, mode);
    } finally {
      closeSync(handle);
    }
  }

  protected get attributes(): NonNullable<TreeOptions['system']> {
    if (!this.system) throw new RangeError('this tree was opened without access to attributes');
    return this.system;
  }
}
