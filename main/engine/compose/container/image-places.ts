// SPDX-License-Identifier: LGPL-2.1-or-later
import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { readRegularFile } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { writableOf } from '../../images/tar-streams.ts';
import type { EncapsulateParams } from './encapsulate.ts';
import { OciDirectory, parseManifest, type Manifest } from '../../images/oci.ts';
import { parseReference, referenceText, type ImageReference } from '../../images/reference.ts';
import { skopeoCopy, type SkopeoOptions } from './skopeo.ts';

/** The manifest whose layers are to be kept: of a file, or of what is at the image's place. */
export async function earlierManifest(
  params: Pick<EncapsulateParams, 'previousManifest' | 'previousImage' | keyof SkopeoOptions>,
  reference: ImageReference,
  scratch: string,
): Promise<Manifest | undefined> {
  if (params.previousManifest !== undefined) {
    if (!existsSync(params.previousManifest))
      throw new TreelineError('file.unreadable', { subject: params.previousManifest, detail: 'there is no such file' });
    return parseManifest(readRegularFile(params.previousManifest), params.previousManifest);
  }
  if (params.previousImage !== undefined) {
    const found = await manifestAt(parseReference(params.previousImage), scratch, params);
    if (!found) throw noSuchImage(params.previousImage);
    return found;
  }
  if (reference.transport === 'oci') return new OciDirectory(path.resolve(reference.name)).manifest(reference.tag)?.manifest;
  if (reference.transport !== 'oci-archive' || !existsSync(reference.name)) return undefined;
  try {
    return await manifestAt(reference, scratch, {});
  } catch (error) {
    // what lies there may be anything; it will be replaced
    if (error instanceof TreelineError) return undefined;
    throw error;
  }
}

export const noSuchImage = (image: string): TreelineError =>
  new TreelineError('repo.not-found', { subject: image, detail: 'there is no such image, or more than one and no tag' });

/** An image as a directory that can be read: its own, or a copy in `scratch`. Throws container.transport, repo.not-found. */
export async function openImage(
  image: string,
  scratch: string,
  options: SkopeoOptions,
): Promise<{ readonly oci: OciDirectory; readonly digest: string; readonly manifest: Manifest }> {
  const reference = parseReference(image);
  const isDirectory = reference.transport === 'oci';
  const copy = path.join(scratch, 'oci');
  if (!isDirectory) {
    const from = reference.transport === 'oci-archive' ? { ...reference, name: path.resolve(reference.name) } : reference;
    await skopeoCopy(referenceText(from), `oci:${copy}:latest`, options);
  }
  const oci = new OciDirectory(isDirectory ? path.resolve(reference.name) : copy);
  const found = oci.manifest(isDirectory ? reference.tag : 'latest');
  if (!found) throw noSuchImage(image);
  return { oci, ...found };
}

/** The manifest of an image wherever it is. Throws container.transport. */
export async function manifestAt(reference: ImageReference, scratch: string, options: SkopeoOptions): Promise<Manifest | undefined> {
  if (reference.transport === 'oci') return new OciDirectory(path.resolve(reference.name)).manifest(reference.tag)?.manifest;
  const copy = path.join(scratch, 'before');
  const from = reference.transport === 'oci-archive' ? { ...reference, name: path.resolve(reference.name) } : reference;
  try {
    await skopeoCopy(referenceText(from), `oci:${copy}:latest`, options);
    return new OciDirectory(copy).manifest('latest')?.manifest;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** An OCI layout as one tar file with equal bytes for equal content; it appears when it is whole. */
export async function writeArchive(directory: string, target: string): Promise<void> {
  const tar = pack();
  const temporary = `${target}.part`;
  const done = pipeline(tar, createWriteStream(temporary));
  done.catch(() => undefined);
  const names = [
    'oci-layout',
    'index.json',
    ...readdirSync(path.join(directory, 'blobs/sha256'))
      .sort()
      .map((name) => `blobs/sha256/${name}`),
  ];
  try {
    for (const name of names) {
      const file = path.join(directory, name);
      const entry = tar.entry({ name, size: statSync(file).size, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) });
      await pipeline(createReadStream(file), writableOf(entry));
    }
    tar.finalize();
    await done;
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}
