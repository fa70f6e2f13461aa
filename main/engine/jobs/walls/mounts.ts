// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { stateName } from '../../compose/build/rootfs.ts';
import type { Outputs } from './outputs.ts';
import { isRoot } from './places.ts';

type How = '--ro-bind' | '--bind';

/** Where a tree or an output lies. */
export const directoryOf = (place: string): string => path.dirname(path.resolve(place));

/** Names in a directory but these, and what `compose install` leaves beside a tree. */
const neighbours = (directory: string, ...own: readonly string[]): string[] =>
  readdirSync(directory)
    .map((name) => path.join(directory, name))
    .filter((file) => !own.includes(file) && path.basename(file) !== stateName);

/** bwrap(1) arguments that put something empty over a file or directory. A link has nothing of its own to be covered. */
function cover(file: string): string[] {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (!stats || stats.isSymbolicLink()) return [];
  return stats.isDirectory() ? ['--tmpfs', file] : ['--ro-bind', '/dev/null', file];
}

/**
 * The machine's root directory as the root inside, with all that is in it covered but these places: for trees and outputs that lie in it directly, because
 * what is made beside them has to be on the same mount. New names may be made in it.
 */
export const coveredRoot = (own: readonly string[]): string[] => ['--bind', '/', '/', ...neighbours('/', ...own).flatMap(cover)];

/** What is shown, each at its own name. */
export class Mounts {
  readonly #places = new Map<string, { readonly how: How; readonly from: string } | 'covered'>();

  #howOf(name: string): How | undefined {
    const place = this.#places.get(name);
    return place === undefined || place === 'covered' ? undefined : place.how;
  }

  show(file: string, how: How): void {
    const at = path.resolve(file);
    if (isRoot(at) || !existsSync(at)) return;
    // a link is shown as what it leads to, and what it leads to where it is: the names inside are those outside
    for (const name of [at, realpathSync(at)]) if (this.#howOf(name) !== '--bind') this.#places.set(name, { how, from: name });
  }

  /**
   * Show a tree, to be changed. What compose makes beside it is moved into it, so both have to lie below one mount: its directory is shown, and what else is there
   * covered, if it isn't to be shown itself.
   */
  showWithPlace(tree: string): void {
    const at = path.resolve(tree);
    // the worker says so
    if (!existsSync(at)) return;
    const directory = path.dirname(realpathSync(at));
    const how = this.#howOf(directory);
    if (how === '--bind') return;
    this.show(directoryOf(at), '--bind');
    this.show(directory, '--bind');
    for (const neighbour of neighbours(directory, at, realpathSync(at)))
      if (how !== undefined) this.show(neighbour, how);
      else if (!this.#places.has(neighbour)) this.#places.set(neighbour, 'covered');
  }

  /** Show directories in which outputs are made as what stands for them; what else was to be shown in them is shown by itself. */
  standIn(made: Outputs): void {
    for (const stand of made.stands) {
      const names = [...new Set([stand.directory, realpathSync(stand.directory)])];
      const how = names.map((name) => this.#howOf(name)).find((each) => each !== undefined);
      if (how !== undefined) for (const neighbour of made.neighbours(stand)) this.show(neighbour, how);
      for (const name of names) this.#places.set(name, { how: '--bind', from: stand.instead });
    }
  }

  /** bwrap(1) arguments; those above first: they would cover what lies below them. */
  args(): string[] {
    return [...this.#places]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([at, place]) => (place === 'covered' ? cover(at) : [place.how, place.from, at]));
  }
}
