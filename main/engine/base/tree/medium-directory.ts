// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, fstatSync, openSync, opendirSync, readSync } from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * A directory of a medium that nobody vouches for. What is in it is opened relative to it, one name at a time and without following
 * symbolic links: there is no way out of it, also not while somebody exchanges files. Fifos and devices aren't read.
 */
export class MediumDirectory implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Undefined when there is no such directory, or a part of the path is a link: see openPlain(). */
  static open(path: string): MediumDirectory | undefined {
    try {
      return new MediumDirectory(openPlain(path, O_DIRECTORY));
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** A directory in here. */
  child(name: string): MediumDirectory | undefined {
    return tryOpen(this.#path(name), O_DIRECTORY | O_NOFOLLOW);
  }

  /** A directory several names down, `a/b/c`. */
  descend(names: string): MediumDirectory | undefined {
    const [first = '', ...rest] = names.split('/');
    const next = this.child(first);
    if (!next || rest.length === 0) return next;
    using between = next;
    return between.descend(rest.join('/'));
  }

  /** An open regular file, undefined for anything else. */
  open(name: string): MediumFile | undefined {
    let fd: number;
    try {
      fd = openSync(this.#path(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch {
      return undefined;
    }
    if (fstatSync(fd).isFile()) return new MediumFile(fd);
    closeSync(fd);
    return undefined;
  }

  /** Content of a regular file of at most `mostBytes`, undefined for anything else. */
  read(name: string, mostBytes: number): Buffer | undefined {
    using file = this.open(name);
    return file && file.sizeBytes <= mostBytes ? file.read(0, file.sizeBytes) : undefined;
  }

  /** Names in here, sorted; no more than `most` are looked at. */
  list(most: number): { readonly name: string; readonly directory: boolean; readonly file: boolean }[] {
    try {
      using directory = closing(opendirSync(`/proc/self/fd/${this.#fd}`));
      const entries = [];
      for (let entry = directory.of.readSync(); entry && entries.length < most; entry = directory.of.readSync()) {
        entries.push({ name: entry.name, directory: entry.isDirectory(), file: entry.isFile() });
      }
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
      return [];
    }
  }

  /** The way to a name in here for a system call that doesn't follow links in the last place. */
  pathOf(name: string): string {
    return this.#path(name);
  }

  #path(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) throw new TypeError(`no single name: ${JSON.stringify(name)}`);
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  static of(fd: number): MediumDirectory {
    return new MediumDirectory(fd);
  }
}

/**
 * Open an absolute path for reading, one name after the other and without following a link anywhere in it: what is opened lies where the path says
 * and nowhere else, also while somebody exchanges directories for links. Throws what open(2) says.
 */
export function openPlain(path: string, flags = 0): number {
  const names = path.split('/').filter((name) => name !== '');
  let fd = openSync('/', O_RDONLY | O_DIRECTORY);
  for (const [index, name] of names.entries()) {
    const last = index === names.length - 1;
    const above = fd;
    try {
      fd = openSync(`/proc/self/fd/${above}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (last ? flags : O_DIRECTORY));
    } finally {
      closeSync(above);
    }
  }
  return fd;
}

function tryOpen(path: string, flags: number): MediumDirectory | undefined {
  try {
    return MediumDirectory.of(openSync(path, O_RDONLY | flags));
  } catch {
    return undefined;
  }
}

function closing<T extends { closeSync(): void }>(of: T): Disposable & { readonly of: T } {
  return { of, [Symbol.dispose]: () => of.closeSync() };
}

/** An open regular file of a medium. */
export class MediumFile implements Disposable {
  readonly #fd: number;
  readonly sizeBytes: number;

  constructor(fd: number) {
    this.#fd = fd;
    this.sizeBytes = fstatSync(fd).size;
  }

  /** Fewer bytes than asked for at the end of the file. */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
