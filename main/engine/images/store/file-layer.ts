// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Attributes } from '../../base/ports/container.ts';
import { repoPath } from '../repo-path.ts';
import { fileTypes, type Labeller } from './labelling.ts';
import { layerBytes, refusedLayer } from './layer-bytes.ts';
import { opaque, placeOf, whiteout } from './layer-places.ts';
import { below, Directory } from './layer-tree.ts';
import type { Layer } from './layout.ts';
import { readTar, shown, type TarEntry } from './tar-entries.ts';

export interface FileLayer {
  readonly root: Directory;
  /** What was left out, by names: how much. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Files and links in it. */
  readonly files: number;
}

export interface FileLayerOptions {
  readonly labeller: Labeller;
  /** The OSTree commit below. */
  readonly base: string | undefined;
  /** What is below: hard links may lead there. */
  readonly lower: Directory;
  /** Take only what this says yes to, and no other hard links. */
  readonly only?: (parts: readonly string[]) => boolean;
}

const objectName = new RegExp(`^${repoPath}/objects/([0-9a-f]{2})/([0-9a-f]{62})\\.file$`);
const limits = { entries: 1_000_000, nameBytes: 128 << 20, xattrBytes: 64 << 10 } as const;

/**
 * Read an ordinary layer of files: all in it becomes objects of the repository, and its names a tree of them; nothing is unpacked, so a name or link leads nowhere but
 * into that tree. What hides something of lower layers is a file in it, called as in the layer. Throws container.layer-refused, repo.corrupt, repo.not-found,
 * library.missing.
 */
export async function readFileLayer(file: string, layer: Pick<Layer, 'digest' | 'diffId'>, options: FileLayerOptions): Promise<FileLayer> {
  const reader = new Reader(layer.digest, options);
  await readTar(layerBytes(file, layer.digest, layer.diffId), reader.refuse, (entry, content) => reader.take(entry, content));
  return { root: reader.root, leftOut: reader.leftOut, files: reader.files };
}

class Reader {
  readonly root: Directory;
  readonly leftOut = new Map<string, number>();
  files = 0;
  readonly #options: FileLayerOptions;
  readonly #digest: string;
  /** Objects of a repository in the layer, which its files are hard links to. */
  readonly #objects = new Map<string, string>();
  #entries = 0;
  #nameBytes = 0;
  #marker: string | undefined;

  constructor(digest: string, options: FileLayerOptions) {
    this.#digest = digest;
    this.#options = options;
    this.root = new Directory(options.labeller.sink);
  }

  readonly refuse = (detail: string): Error => refusedLayer(this.#digest, detail);

  async take(entry: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    this.#nameBytes += entry.name.length + entry.target.length;
    if (++this.#entries > limits.entries) throw this.refuse(`more than ${limits.entries} entries`);
    if (this.#nameBytes > limits.nameBytes) throw this.refuse(`more than ${limits.nameBytes} bytes of names`);
    const { base, only } = this.#options;
    const place = placeOf(entry.name, base !== undefined, this.refuse);
    if ('leftOut' in place) return this.#leaveOut(place.leftOut, entry, content);
    const { parts } = place;
    if (only && !only(parts)) return;
    const name = parts.at(-1) ?? '';
    if (name === opaque || name.startsWith(whiteout)) this.#put(parts, this.#whiteoutFile(), entry);
    else if (entry.kind === 'directory') this.#directory(parts, entry).meta = this.#metaOf(parts, entry);
    else if (entry.kind === 'special') throw this.refuse(`${shown(entry.name)} is a device or pipe, which no commit can hold`);
    else {
      const checksum = entry.kind === 'link' ? this.#linked(parts, entry) : await this.#object(pathOf(parts), entry, content);
      if (checksum === undefined) return;
      this.#put(parts, checksum, entry);
      this.files++;
    }
  }

  async #leaveOut(counted: string, entry: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    const { base, only } = this.#options;
    const parts = entry.name.split('/').filter((part) => part !== '' && part !== '.');
    const path = parts.join('/');
    if (path.startsWith(`${repoPath}/objects/`)) {
      if (!only && (entry.kind === 'file' || entry.kind === 'symlink'))
        this.#objects.set(path, await this.#object(`/${path}`, entry, content));
      return;
    }
    // a place that the base has is nothing of the layer
    if (base !== undefined && entry.kind === 'directory' && parts.length === 1) return;
    this.leftOut.set(counted, (this.leftOut.get(counted) ?? 0) + 1);
  }

  async #object(path: string, entry: TarEntry, content: AsyncIterable<Buffer>): Promise<string> {
    const { labeller } = this.#options;
    const { uid, gid, mode, sizeBytes, target } = entry;
    const kind = entry.kind === 'symlink' ? 'symlink' : 'file';
    const xattrs = labeller.attributes(path, mode | fileTypes[kind], this.#attributes(entry));
    if (kind === 'symlink') {
      if (target === '') throw this.refuse(`${shown(entry.name)} is a link to nothing`);
      return labeller.sink.newLink({ uid, gid, xattrs, target });
    }
    using file = labeller.sink.newFile({ uid, gid, mode, sizeBytes, xattrs });
    for await (const piece of content) file.write(piece);
    return file.finish();
  }

  /** What a hard link leads to: in this layer, or below it. */
  #linked(parts: readonly string[], entry: TarEntry): string | undefined {
    const { base, lower, labeller, only } = this.#options;
    const place = placeOf(entry.target, base !== undefined, this.refuse);
    const raw = entry.target.split('/').filter((part) => part !== '' && part !== '.');
    const target =
      this.#objects.get(raw.join('/')) ??
      (base !== undefined ? this.#baseObject(raw.join('/')) : undefined) ??
      ('parts' in place ? (this.root.find(place.parts) ?? lower.find(place.parts)) : undefined);
    const isFile = typeof target === 'string' && !(raw.at(-1) ?? '').startsWith(whiteout);
    if (isFile) return labeller.file(pathOf(parts), target);
    if (only) return undefined;
    throw this.refuse(`${shown(entry.name)} is a hard link to ${shown(entry.target)}, which is no file of the image`);
  }

  /** An image of a commit holds its objects, too, and its files are hard links to them. */
  #baseObject(path: string): string | undefined {
    const match = objectName.exec(path);
    const checksum = `${match?.[1] ?? ''}${match?.[2] ?? ''}`;
    return match && this.#options.labeller.sink.has('file', checksum) ? checksum : undefined;
  }

  #put(parts: readonly string[], checksum: string, entry: TarEntry): void {
    const name = parts.at(-1);
    const path = parts.join('/');
    if (name === undefined || path === 'usr' || path === 'usr/etc') throw this.refuse(`${shown(entry.name)} has to be a directory`);
    const parent = this.#directory(parts.slice(0, -1), entry);
    parent.directories.delete(name);
    parent.files.set(name, checksum);
  }

  #directory(parts: readonly string[], entry: TarEntry): Directory {
    let at = this.root;
    for (const [i, part] of parts.entries()) {
      if (at.files.has(part)) {
        // the same place again, as a directory
        if (i < parts.length - 1 || entry.kind !== 'directory')
          throw this.refuse(`${shown(entry.name)} is below ${shown(parts.slice(0, i + 1).join('/'))}, which is no directory`);
        at.files.delete(part);
      }
      at = at.directory(part);
    }
    return at;
  }

  #metaOf(parts: readonly string[], entry: TarEntry): string {
    const { uid, gid, mode } = entry;
    return this.#options.labeller.dirmeta(pathOf(parts), { uid, gid, mode, xattrs: this.#attributes(entry) });
  }

  #whiteoutFile(): string {
    if (this.#marker === undefined) {
      using file = this.#options.labeller.sink.newFile({ uid: 0, gid: 0, mode: 0o644, sizeBytes: 0, xattrs: [] });
      this.#marker = file.finish();
    }
    return this.#marker;
  }

  /** Those that mean the same on every machine; others are left out, and counted by name. Labels are the policy's to say. */
  #attributes({ name, kind, xattrs }: TarEntry): Attributes {
    if (xattrs.reduce((sum, [key, value]) => sum + key.length + value.length, 0) > limits.xattrBytes)
      throw this.refuse(`${shown(name)} has more than ${limits.xattrBytes} bytes of attributes`);
    return xattrs.flatMap(([key, value]): Attributes => {
      if (key === 'security.selinux') return [];
      if (!isKept(key, kind)) {
        if (!this.#options.only) this.leftOut.set(key, (this.leftOut.get(key) ?? 0) + 1);
        return [];
      }
      if (key === 'security.capability' && !isCapability(value)) throw this.refuse(`${shown(name)} has capabilities that aren’t any`);
      return [[Buffer.from(`${key}\0`), value]];
    });
  }
}

const pathOf = (parts: readonly string[]): string => parts.reduce(below, '/');

/** What a file may do, and what programs noted. Not what repositories (user.ostreemeta) and overlays (trusted.overlay, user.overlay) read. */
function isKept(key: string, kind: TarEntry['kind']): boolean {
  if (kind === 'symlink') return false;
  if (key === 'security.capability' || key === 'security.ima') return kind === 'file';
  return /^user\.[^\0]{1,250}$/.test(key) && key !== 'user.ostreemeta' && !key.startsWith('user.overlay.');
}

/** Of linux/capability.h: versions 1, 2 and 3 with their lengths. */
const isCapability = (value: Buffer): boolean => value.length === { 1: 12, 2: 20, 3: 24 }[value.length >= 4 ? (value[3] ?? 0) : 0];
