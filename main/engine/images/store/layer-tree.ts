// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TreeSink } from '../../base/ports/container.ts';
import { opaque, whiteout } from './layer-places.ts';

export interface Root {
  readonly dirtree: string;
  readonly dirmeta: string;
}

/** A directory that becomes an object of a repository. One that comes from there is read when it is looked into, and only then. */
export class Directory {
  /** Checksum of owner, mode, attributes; undefined: only names in it are known. */
  meta: string | undefined;
  readonly #sink: TreeSink;
  #source: string | undefined;
  #files = new Map<string, string>();
  #directories = new Map<string, Directory>();
  readonly #path: string;
  readonly #implied: ReadonlySet<string>;

  /** `implied`: paths of directories of which only names in them are known, whatever their objects say. */
  constructor(sink: TreeSink, root?: Root, implied: ReadonlySet<string> = new Set(), path = '/') {
    this.#sink = sink;
    this.#source = root?.dirtree;
    this.#path = path;
    this.#implied = implied;
    this.meta = implied.has(path) ? undefined : root?.dirmeta;
  }

  /** Checksums by name. */
  get files(): Map<string, string> {
    this.#load();
    return this.#files;
  }

  get directories(): Map<string, Directory> {
    this.#load();
    return this.#directories;
  }

  #load(): void {
    if (this.#source === undefined) return;
    const [files, directories] = this.#sink.dirtree(this.#source);
    this.#source = undefined;
    const hex = (checksum: Uint8Array): string => Buffer.from(checksum).toString('hex');
    this.#files = new Map(files.map(([name, sum]) => [name, hex(sum)]));
    this.#directories = new Map(
      directories.map(([name, tree, meta]) => {
        const root = { dirtree: hex(tree), dirmeta: hex(meta) };
        return [name, new Directory(this.#sink, root, this.#implied, below(this.#path, name))];
      }),
    );
  }

  /** The directory of that name, made if there is none. */
  directory(name: string): Directory {
    let found = this.directories.get(name);
    if (!found) this.directories.set(name, (found = new Directory(this.#sink)));
    return found;
  }

  /** What is at a path: a file's checksum, a directory. Links aren't followed. */
  find(parts: readonly string[]): string | Directory | undefined {
    const [name, ...below] = parts;
    if (name === undefined) return this;
    const found = this.directories.get(name);
    return found ? found.find(below) : below.length === 0 ? this.files.get(name) : undefined;
  }

  /** Write it. `metaOf`: for directories that have none, by their paths. */
  write(metaOf: (path: string) => string, path = '/'): Root {
    const dirmeta = this.meta ?? metaOf(path);
    if (this.#source !== undefined) return { dirtree: this.#source, dirmeta };
    const bytes = (checksum: string): Buffer => Buffer.from(checksum, 'hex');
    const directories = [...this.#directories].map(([name, each]) => {
      const root = each.write(metaOf, below(path, name));
      return [name, bytes(root.dirtree), bytes(root.dirmeta)] as const;
    });
    return { dirtree: this.#sink.newDirtree([[...this.#files].map(([name, sum]) => [name, bytes(sum)] as const), directories]), dirmeta };
  }

  /** Paths of directories of which only names in them are known. */
  *implied(path = '/'): Generator<string> {
    if (this.meta === undefined) yield path;
    for (const [name, each] of this.directories) yield* each.implied(below(path, name));
  }

  /** Put a layer over it, as the image format has it: what the layer hides goes, what it has replaces what was there. `keepsMetas`: directories stay as they were. */
  mergeLayer(layer: Directory, keepsMetas = false, path = '/'): void {
    if (layer.files.has(opaque)) {
      this.files.clear();
      // it is /etc, which isn't in /usr
      for (const name of [...this.directories.keys()]) if (path !== '/usr' || name !== 'etc') this.directories.delete(name);
    }
    for (const name of layer.files.keys()) {
      if (!name.startsWith(whiteout)) continue;
      this.files.delete(name.slice(whiteout.length));
      this.directories.delete(name.slice(whiteout.length));
    }
    for (const [name, checksum] of layer.files) {
      if (name.startsWith(whiteout)) continue;
      this.directories.delete(name);
      this.files.set(name, checksum);
    }
    for (const [name, each] of layer.directories) {
      this.files.delete(name);
      const isNew = !this.directories.has(name);
      this.directory(name).mergeLayer(each, keepsMetas && !isNew, below(path, name));
    }
    if (layer.meta !== undefined && !(keepsMetas && this.meta !== undefined)) this.meta = layer.meta;
  }

  /** Only what is at a path, and what hides it. */
  pick(parts: readonly string[]): Directory {
    const [name, ...rest] = parts;
    if (name === undefined) return this;
    const picked = new Directory(this.#sink);
    for (const [each, checksum] of this.files) if (each === name || each.startsWith(whiteout)) picked.files.set(each, checksum);
    const found = this.directories.get(name);
    if (found) picked.directories.set(name, found.pick(rest));
    return picked;
  }
}

export const below = (path: string, name: string): string => `${path === '/' ? '' : path}/${name}`;
