// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, existsSync, fstatSync, lstatSync, mkdirSync, openSync, readlinkSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { systemCodeOf } from '../../../../shared/errors/index.ts';
import { kindOf, type TreeErrors } from './errors.ts';

/** Replaced by the build of tests that look at what stands behind this layer; nothing else defines it. */
declare const TREELINE_UNCONFINED_TREES: boolean | undefined;

/** False in a test build only: paths are then given to the kernel as they are, and links lead wherever they lead. */
export const confined = typeof TREELINE_UNCONFINED_TREES === 'undefined' || !TREELINE_UNCONFINED_TREES;

/** open(2): a handle on a place, not yet on its content. Not among node's constants. */
const pathOnly = 0o10000000;
const mostLinks = 40;
/** Handles kept for directories that are visited again and again. */
const mostOpen = 128;

/** Parts of a path that are names. */
export const partsOf = (target: string): string[] => target.split('/').filter((part) => part !== '' && part !== '.');

/** An entry of a directory that is held open: `at` means this very entry to every system call that doesn't follow its last part. */
export interface Entry {
  readonly at: string;
  /** In the tree, without links. */
  readonly path: string;
}

interface Step {
  readonly part: string;
  /** The link that it is part of the target of. */
  readonly link?: string;
  /** That link is absolute, or climbs above the root: it leads somewhere else for a program whose root is another one. */
  readonly out?: boolean;
}

/** What a path turned out to be. */
type Walk =
  | {
      readonly found: true;
      readonly path: string;
      readonly stats: Stats;
      /** A link on the way was absolute or climbed above the root. */ readonly leftRoot: boolean;
    }
  | { readonly found: false; readonly path: string; readonly rest: readonly Step[]; readonly by?: Step }
  | { readonly found: 'file'; readonly path: string; readonly stats: Stats };

/**
 * Directories of a tree by handles: each is opened relative to the one above it, without following links, so that whatever is put where meanwhile, a
 * handle is one of a directory beneath the root. Links are followed by reading them, as if the root were `/`, and `..` by going one name back.
 * (openat2(2) could do the first half; it knows nothing of usr/etc, which programs see as /etc.)
 */
export class Directories implements Disposable {
  readonly root: string;
  readonly errors: TreeErrors;
  #top: number;
  readonly #deployed: boolean;
  readonly #open = new Map<string, number>();
  readonly #known = new Map<string, string>();

  /** `deployed`: links to /etc lead to etc, not to usr/etc. */
  constructor(root: string, errors: TreeErrors, deployed = false) {
    this.#deployed = deployed;
    this.root = path.resolve(root);
    this.errors = errors;
    this.#top = openSync(this.root, pathOnly | constants.O_DIRECTORY);
  }

  [Symbol.dispose](): void {
    this.forget();
    closeSync(this.#top);
  }

  /** Directories may have moved. */
  forget(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
    this.#known.clear();
  }

  /**
   * The process has mounts of its own since: a rename between a handle from before and one from after leads from one mount to another for the kernel (EXDEV).
   * Where the path leads elsewhere by now, the handle from before counts.
   */
  reopen(): void {
    this.forget();
    const [before, again] = [this.#top, openSync(this.root, pathOnly | constants.O_DIRECTORY)];
    const [one, other] = [fstatSync(before), fstatSync(again)];
    const same = one.dev === other.dev && one.ino === other.ino;
    closeSync(same ? before : again);
    if (same) this.#top = again;
  }

  /** An entry of a directory given by its path without links. */
  entry(directory: string, name: string): Entry {
    const inTree = directory === '' ? name : `${directory}/${name}`;
    if (!confined) return { at: path.join(this.root, inTree), path: inTree };
    return { at: `/proc/self/fd/${this.#handle(directory)}/${name}`, path: inTree };
  }

  /** A handle (O_PATH) of the caller's own on a directory given by its path without links. */
  open(directory: string): number {
    if (!confined) return openSync(path.join(this.root, directory), pathOnly | constants.O_DIRECTORY);
    return openSync(`/proc/self/fd/${this.#handle(directory)}/.`, pathOnly | constants.O_DIRECTORY);
  }

  #handle(directory: string): number {
    if (directory === '') return this.#top;
    const known = this.#open.get(directory);
    if (known !== undefined) return known;
    const parent = path.dirname(directory);
    const above = this.#handle(parent === '.' ? '' : parent);
    const flags = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const fd = openSync(`/proc/self/fd/${above}/${path.basename(directory)}`, flags);
    this.#open.set(directory, fd);
    return fd;
  }

  /** Before an operation begins: too many handles go. Entries of an operation keep theirs until its end. */
  begin(): void {
    if (this.#open.size > mostOpen) this.forget();
  }

  /** Follow a path. With a leading slash it is one of the system in the tree, whose /etc is usr/etc; without, one of the tree itself. */
  walk(target: string): Walk {
    if (!confined) return this.#unconfined(target);
    let rest: Step[] = partsOf(target).map((part) => ({ part }));
    let at: string[] = [];
    let hops = 0;
    let ofSystem = target.startsWith('/');
    let stats: Stats | undefined;
    let leftRoot = false;
    while (rest.length > 0) {
      const [step = { part: '' }, ...others] = rest;
      if (step.part === '..') {
        at = at.slice(0, -1);
        rest = others;
        continue;
      }
      const maybeInUsr = step.part === 'etc' && (ofSystem || step.link !== undefined) && !this.#deployed;
      if (at.length === 0 && maybeInUsr && this.#lstat('usr', 'etc')) {
        rest = [{ ...step, part: 'usr' }, { ...step, part: 'etc' }, ...others];
        ofSystem = false;
        continue;
      }
      const inTree = [...at, step.part].join('/');
      stats = this.#lstat(at.join('/'), step.part);
      if (!stats) return { found: false, path: at.join('/'), rest, by: step };
      if (stats.isSymbolicLink()) {
        if (++hops > mostLinks) return { found: false, path: at.join('/'), rest, by: { ...step, link: inTree, out: true } };
        const to = readlinkSync(this.entry(at.join('/'), step.part).at);
        const parts = partsOf(to);
        const out = step.out === true || to.startsWith('/') || climbsOut(at.length, parts);
        leftRoot ||= out;
        if (to.startsWith('/')) at = [];
        rest = [...parts.map((part) => ({ part, link: step.link ?? inTree, out })), ...others];
        continue;
      }
      at = [...at, step.part];
      rest = others;
      if (!stats.isDirectory() && rest.length > 0) return { found: 'file', path: at.join('/'), stats };
    }
    if (at.length === 0 || !stats || stats.isSymbolicLink()) stats = lstatSync(`/proc/self/fd/${this.#handle(at.join('/'))}/.`);
    return { found: true, path: at.join('/'), stats, leftRoot };
  }

  #unconfined(target: string): Walk {
    const inTree = partsOf(target).join('/');
    const at = path.join(this.root, inTree);
    const stats = existsSync(at) ? statSync(at) : undefined;
    return stats ? { found: true, path: inTree, stats, leftRoot: false } : { found: false, path: '', rest: [] };
  }

  /** True for a link that leads elsewhere for a program that has another root, or nowhere. */
  isLinkOut(target: string): boolean {
    const entry = this.locate(target, false);
    const stats = entry && lstatSync(entry.at, { throwIfNoEntry: false });
    return (stats?.isSymbolicLink() ?? false) && this.leadsOut(target);
  }

  /** True for a path on which a link leads elsewhere for a program that has another root, or nowhere. */
  leadsOut(target: string): boolean {
    const parts = partsOf(target);
    const walk = this.walk(target);
    return walk.found !== true || walk.leftRoot || parts.includes('..');
  }

  #lstat(directory: string, name: string): Stats | undefined {
    try {
      return lstatSync(this.entry(directory, name).at, { throwIfNoEntry: false });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCodeOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  /**
   * The path without links of a directory that something is changed in; undefined when it isn't there. `make`: make what is missing (mode 0755). Throws
   * package.outside-tree when a link on the way leads out, package.unusable-file when something else stands there.
   */
  forChange(target: string, make: boolean): string | undefined {
    const known = this.#known.get(target);
    if (known !== undefined) return known;
    if (!confined) {
      if (make) mkdirSync(path.join(this.root, target), { recursive: true, mode: 0o755 });
      return target;
    }
    const walk = this.walk(target);
    if (walk.found === true) {
      if (!walk.stats.isDirectory()) throw this.errors.wrongKind(walk.path, kindOf(walk.stats), 'directory');
      this.#know(target, walk.path);
      return walk.path;
    }
    if (walk.found === 'file') throw this.errors.wrongKind(walk.path, kindOf(walk.stats), 'directory');
    const { by, rest } = walk;
    if (by?.link !== undefined && (make || by.out === true)) throw this.errors.leadsOut(by.link, target.replace(/^\/+/, ''));
    if (!make) return undefined;
    let at = walk.path;
    for (const { part } of rest) {
      if (part === '..') throw this.errors.leadsOut(target, target);
      const { at: place, path: inTree } = this.entry(at, part);
      mkdirSync(place, { mode: 0o755 });
      at = inTree;
    }
    return at;
  }

  /** The path without links of a directory that something is looked for in; undefined when there is none. */
  directory(target: string): string | undefined {
    const known = this.#known.get(target);
    if (known !== undefined) return known;
    const walk = this.walk(target);
    if (walk.found !== true || !walk.stats.isDirectory()) return undefined;
    this.#know(target, walk.path);
    return walk.path;
  }

  #know(target: string, path: string): void {
    if (this.#known.size > 4096) this.#known.clear();
    this.#known.set(target, path);
  }

  /** The entry that a path names, its directory's links followed in the tree, the last part not; undefined when the directory isn't there. */
  locate(target: string, change: boolean, make = false): Entry | undefined {
    const parts = partsOf(target);
    const name = parts.pop();
    if (name === undefined || name === '..') throw new RangeError(`${target} names no entry of a tree`);
    const above = `${target.startsWith('/') && !(parts.length === 0) ? '/' : ''}${parts.join('/')}`;
    if (change) {
      const directory = this.forChange(above, make);
      return directory === undefined ? undefined : this.entry(directory, name);
    }
    if (!confined) return this.entry(parts.join('/'), name);
    const directory = this.directory(above);
    return directory === undefined ? undefined : this.entry(directory, name);
  }
}

/** True for a relative link that climbs above the root when it lies so many directories below it. */
function climbsOut(depth: number, parts: readonly string[]): boolean {
  let at = depth;
  for (const part of parts) {
    at += part === '..' ? -1 : 1;
    if (at < 0) return true;
  }
  return false;
}
