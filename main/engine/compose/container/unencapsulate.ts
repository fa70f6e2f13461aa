// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Headers } from 'tar-stream';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import { writableOf } from './tar-streams.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import { openImage } from './image-places.ts';
import type { Descriptor } from '../../images/oci.ts';
import type { SkopeoOptions } from './skopeo.ts';
import { repoPath } from './tar-layout.ts';

export interface UnencapsulateParams extends SkopeoOptions {
  /** TRANSPORT:TARGET. */
  readonly image: string;
  readonly repo: string;
  /** Branch that gets the commit. */
  readonly ref?: string;
}

export interface UnencapsulateOutcome {
  readonly commit: string;
  readonly manifestDigest: string;
  readonly layers: number;
  /** Objects that weren't here yet. */
  readonly objects: number;
}

/** Take the commit out of an ostree-container image, into a repository: the same commit, with its signatures. Every digest and checksum is verified. */
export async function unencapsulate(
  params: UnencapsulateParams,
  open: (repo: string) => ImageSink,
  context: JobContext,
): Promise<UnencapsulateOutcome> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'treeline-image-'));
  try {
    const { oci, digest, manifest } = await openImage(params.image, scratch, params);
    const { rootfs, config } = oci.config(manifest);
    const labels = config?.Labels ?? {};
    const commit = labels['ostree.commit'] ?? '';
    if (!/^[0-9a-f]{64}$/.test(commit)) throw new TreelineError('container.not-ostree', { subject: params.image });
    // layers after this one aren't the commit's
    const last = labels['ostree.final-diffid'];
    const end = last === undefined ? rootfs.diff_ids.length - 1 : rootfs.diff_ids.indexOf(last);
    if (end < 0) throw new TreelineError('container.not-ostree', { subject: params.image });
    const layers = manifest.layers.slice(0, end + 1);
    using sink = open(params.repo);
    const reader = new LayerReader(sink);
    for (const [i, layer] of layers.entries()) {
      context.progress({
        step: 'layers',
        stepIndex: 0,
        stepCount: 1,
        fraction: i / layers.length,
        itemsDone: i,
        itemsTotal: layers.length,
      });
      await reader.read(oci.blobPath(layer.digest), layer, rootfs.diff_ids[i] ?? '');
    }
    if (!sink.has('commit', commit)) throw new TreelineError('repo.corrupt', { subject: params.image, detail: 'it lacks its commit' });
    sink.finish(commit, params.ref);
    return { commit, manifestDigest: digest, layers: layers.length, objects: reader.objects };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

class Hasher extends Transform {
  readonly hash = createHash('sha256');

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: Error | null, chunk: Buffer) => void): void {
    this.hash.update(chunk);
    done(null, chunk);
  }
}

/** Metadata objects are small (the largest directories have some megabytes): a hostile layer doesn't fill the memory. */
const maxMetadataBytes = 128 << 20;
const objectName = new RegExp(`^(?:\\./)?${repoPath}/objects/([0-9a-f]{2})/([0-9a-f]{62})\\.([a-z-]+)$`);

export class LayerReader {
  objects = 0;
  readonly #sink: ImageSink;
  /** Checksum of attributes -> their bytes; of a file -> that checksum. */
  readonly #xattrs = new Map<string, Buffer>();
  readonly #links = new Map<string, string>();

  constructor(sink: ImageSink) {
    this.#sink = sink;
  }

  async read(file: string, { digest, mediaType }: Descriptor, diffId: string): Promise<void> {
    const [packed, plain] = [new Hasher(), new Hasher()];
    const entries = extract();
    const tail = writableOf(entries);
    const piped =
      mediaType.endsWith('+gzip') || mediaType.endsWith('.gzip')
        ? pipeline(createReadStream(file), packed, createGunzip(), plain, tail)
        : pipeline(createReadStream(file), packed, plain, tail);
    piped.catch(() => undefined);
    try {
      for await (const entry of entries) {
        await this.#entry(entry.header, entry);
        entry.resume();
      }
      await piped;
    } catch (error) {
      // what the readers of gzip and tar, or GVariant, can't make sense of is the layer's fault
      if (error instanceof TreelineError) throw error;
      throw new TreelineError('repo.corrupt', { subject: digest, detail: messageOf(error) }, { cause: error });
    }
    const wrong = `sha256:${packed.hash.digest('hex')}` !== digest || `sha256:${plain.hash.digest('hex')}` !== diffId;
    if (wrong) throw new TreelineError('repo.corrupt', { subject: digest, detail: 'the layer’s content doesn’t fit its digest' });
  }

  async #entry(header: Headers, content: AsyncIterable<Buffer>): Promise<void> {
    const match = objectName.exec(header.name);
    if (!match) return;
    const checksum = `${match[1] ?? ''}${match[2] ?? ''}`;
    switch (match[3]) {
      case 'file-xattrs':
        this.#xattrs.set(checksum, await whole(content, header));
        return;
      case 'file-xattrs-link': {
        const target = objectName.exec(header.linkname ?? '');
        if (target) this.#links.set(checksum, `${target[1] ?? ''}${target[2] ?? ''}`);
        return;
      }
      case 'file':
        return this.#file(checksum, header, content);
      case 'commit':
      case 'dirtree':
      case 'dirmeta': {
        const bytes = await whole(content, header);
        if (this.#sink.has(match[3], checksum)) return;
        this.#sink.writeMetadata(match[3], checksum, bytes);
        this.objects++;
        return;
      }
      case 'commitmeta':
        this.#sink.writeDetached(checksum, await whole(content, header));
        return;
      default:
    }
  }

  async #file(checksum: string, header: Headers, content: AsyncIterable<Buffer>): Promise<void> {
    if (this.#sink.has('file', checksum)) return;
    const xattrs = this.#xattrs.get(this.#links.get(checksum) ?? '');
    if (!xattrs) throw new TreelineError('repo.corrupt', { subject: header.name, detail: 'its extended attributes are missing' });
    const object = { uid: header.uid ?? 0, gid: header.gid ?? 0, mode: header.mode ?? 0, sizeBytes: header.size ?? 0, xattrs };
    this.objects++;
    if (header.type === 'symlink') return this.#sink.writeLink(checksum, { ...object, linkTarget: header.linkname ?? '' });
    using file = this.#sink.openFile(checksum, object);
    for await (const piece of content) file.write(piece);
    file.finish();
  }
}

async function whole(content: AsyncIterable<Buffer>, header: Headers): Promise<Buffer> {
  if ((header.size ?? 0) > maxMetadataBytes)
    throw new TreelineError('repo.garbage', { subject: header.name, detail: `it has ${header.size ?? 0} bytes` });
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
