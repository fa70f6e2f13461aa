// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { FileObject, ImageSource } from '../../base/ports/container.ts';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import { repoPath } from '../../images/repo-path.ts';
import type { LayerWriter } from './layer-writer.ts';
import type { TreeIndex } from './tree-index.ts';

export const objectPath = (checksum: string, type: string): string =>
  `${repoPath}/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${type}`;

/** In an image configuration is in /etc. */
const imagePath = (file: string): string => (file === 'usr/etc' || file.startsWith('usr/etc/') ? file.slice('usr/'.length) : file);

const config = '[core]\nrepo_version=1\nmode=bare-split-xattrs\n';
const subdirectories = ['extensions', 'refs', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'state', 'tmp', 'tmp/cache'];

async function writeRepo(layer: LayerWriter): Promise<void> {
  for (const name of ['sysroot', 'sysroot/ostree', repoPath, `${repoPath}/objects`]) await layer.directory(name);
  for (let i = 0; i < 256; i++) await layer.directory(`${repoPath}/objects/${i.toString(16).padStart(2, '0')}`);
  for (const name of subdirectories) await layer.directory(`${repoPath}/${name}`);
  await layer.data(`${repoPath}/config`, Buffer.from(config));
}

async function writeObject(layer: LayerWriter, checksum: string, object: FileObject, written: Set<string>): Promise<void> {
  const xattrs = createHash('sha256').update(object.xattrs).digest('hex');
  const xattrsPath = objectPath(xattrs, 'file-xattrs');
  if (!written.has(xattrs)) await layer.data(xattrsPath, object.xattrs);
  written.add(xattrs);
  await layer.link(objectPath(checksum, 'file-xattrs-link'), xattrsPath);
  const at = objectPath(checksum, 'file');
  if (object.isLink) await layer.symlink(at, object.linkTarget, object);
  else await layer.file(at, object.content(), object);
}

interface ChunkOptions {
  /** Begin with the repository's own directories. */
  readonly withRepo?: boolean;
  /** Write the directories on the way to each file, too: who unpacks the layer alone makes none up. */
  readonly parents?: boolean;
}

/** A layer of content: objects in the order of their checksums, each followed by the files that it is. */
export async function writeChunk(
  layer: LayerWriter,
  source: ImageSource,
  tree: TreeIndex,
  objects: readonly string[],
  { withRepo = true, parents = false }: ChunkOptions = {},
): Promise<void> {
  if (withRepo) await writeRepo(layer);
  if (parents) await writeParents(layer, source, tree, objects);
  const xattrs = new Set<string>();
  for (const checksum of [...objects].sort()) {
    const object = source.file(checksum);
    await writeObject(layer, checksum, object, xattrs);
    for (const file of tree.files.get(checksum) ?? []) {
      // an empty file stands for itself: who writes to it in a running container doesn't write to all empty files
      if (!object.isLink && object.sizeBytes === 0) await layer.file(imagePath(file), [], object);
      else await layer.link(imagePath(file), objectPath(checksum, 'file'), object);
    }
  }
}

/** dirmeta objects have their numbers big-endian. */
const swapped = (value: number): number => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer.readUInt32BE();
};

async function writeDirectory(layer: LayerWriter, source: ImageSource, at: string, dirmeta: string): Promise<void> {
  const [uid, gid, mode] = source.repo.loadMetadata('dirmeta', dirmeta);
  await layer.directory(at, swapped(mode) & 0o7777, swapped(uid), swapped(gid));
}

/** The directories in which files of a layer are, parents first. */
async function writeParents(layer: LayerWriter, source: ImageSource, tree: TreeIndex, objects: readonly string[]): Promise<void> {
  const wanted = new Set<string>();
  for (const checksum of objects)
    for (const file of tree.files.get(checksum) ?? []) for (let at = path.dirname(file); at !== '.'; at = path.dirname(at)) wanted.add(at);
  for (const { path: at, dirmeta } of tree.directories) if (wanted.has(at)) await writeDirectory(layer, source, imagePath(at), dirmeta);
}

/** The first layer: the commit with its metadata objects and directories, then what is in no other layer. */
export async function writeCommitLayer(
  layer: LayerWriter,
  source: ImageSource,
  commit: CommitPort,
  tree: TreeIndex,
  rest: readonly string[],
): Promise<void> {
  const directory = (at: string, dirmeta: string): Promise<void> => writeDirectory(layer, source, at, dirmeta);
  await directory('.', commit.rootDirmeta);
  await writeRepo(layer);
  await layer.data(objectPath(commit.checksum, 'commit'), Buffer.from(commit.bytes));
  const detached = source.detachedBytes(commit.checksum);
  if (detached) await layer.data(objectPath(commit.checksum, 'commitmeta'), detached);
  for (const checksum of tree.dirmetas) await layer.data(objectPath(checksum, 'dirmeta'), source.metadataBytes('dirmeta', checksum));
  for (const checksum of tree.dirtrees) await layer.data(objectPath(checksum, 'dirtree'), source.metadataBytes('dirtree', checksum));
  for (const { path: at, dirmeta } of tree.directories) if (at !== '' && at !== 'sysroot') await directory(imagePath(at), dirmeta);
  // containers don't run systemd-tmpfiles
  if (!tree.directories.some(({ path: at }) => at === 'var/tmp')) await layer.directory('var/tmp', 0o1777);
  await writeChunk(layer, source, tree, rest, { withRepo: false });
}
