// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';

/** A directory of the machine, in whose place the job finds another one beneath it. */
interface Stand {
  readonly directory: string;
  readonly instead: string;
  /** Names in it that are brought out. */
  readonly names: Set<string>;
}

/**
 * Places of files and directories that a job makes. It finds them at their names, but in an empty directory that stands in the place of theirs: their neighbours
 * aren't there. What it made is renamed into the real one when it succeeded, and is whole then.
 */
export class Outputs {
  readonly #stands = new Map<string, Stand>();

  /**
   * Returns what is to be shown in place: the directory that is there already, which the job goes on in; or what is in the way, on which the job
   * fails with an error of its own. undefined when it makes a new file or directory.
   */
  add(target: string): string | undefined {
    const at = path.resolve(target);
    const there = firstThere(at);
    const isDirectory = statSync(there).isDirectory();
    if (there === at && isDirectory) return at;
    if (there !== at && !isDirectory) return there;
    const directory = there === at ? path.dirname(at) : there;
    const stand = this.#stands.get(directory) ?? this.#make(directory);
    if (!stand) return directory;
    // the job makes the directories in between
    const name = path.relative(directory, at).split('/')[0] ?? '';
    stand.names.add(name);
    if (there === at) keep(realpathSync(at), path.join(stand.instead, name));
    return undefined;
  }

  #make(directory: string): Stand | undefined {
    try {
      // beside the target: what is renamed stays on one file system
      const stand = { directory, instead: mkdtempSync(path.join(directory, '.treeline-output-')), names: new Set<string>() };
      this.#stands.set(directory, stand);
      return stand;
    } catch {
      return undefined;
    }
  }

  /** The directories, and what stands in their place. */
  get stands(): readonly Pick<Stand, 'directory' | 'instead'>[] {
    return [...this.#stands.values()];
  }

  /** What else lies in a directory that another one stands for. */
  neighbours({ directory, instead }: Pick<Stand, 'directory' | 'instead'>): string[] {
    const own = this.#stands.get(directory)?.names;
    const names = readdirSync(directory).filter((name) => !own?.has(name) && name !== path.basename(instead));
    return names.map((name) => path.join(directory, name));
  }

  bringOut(): void {
    for (const { directory, instead, names } of this.#stands.values())
      for (const name of names) {
        const made = path.join(instead, name);
        if (lstatSync(made, { throwIfNoEntry: false })) renameSync(made, path.join(directory, name));
      }
  }

  remove(): void {
    for (const { instead } of this.#stands.values()) rmSync(instead, { recursive: true, force: true });
  }
}

const firstThere = (place: string): string => (existsSync(place) ? place : firstThere(path.dirname(place)));

/** An earlier version, which the job reads and replaces as a whole. */
function keep(file: string, place: string): void {
  try {
    linkSync(file, place);
  } catch {
    copyFileSync(file, place);
  }
}
