// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Headers } from 'tar-stream';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import type { Descriptor } from '../oci.ts';
import { repoPath } from '../repo-path.ts';
import { writableOf } from '../tar-streams.ts';

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

/** What takes the objects of a layer. */
export type LayerSink = Pick<ImageSink, 'has' | 'writeMetadata' | 'writeDetached' | 'writeLink' | 'openFile'>;

/** Reads layers of the ostree-container form: the objects in them go into a repository, everything else is passed over. */
export class LayerReader {
  /** Objects that weren't here yet. */
  objects = 0;
  /** Files of the layer that was read last. */
  #files = new Set<string>();
  readonly #sink: LayerSink;
  /** Checksum of attributes -> their bytes; of a file -> that checksum. */
  readonly #xattrs = new Map<string, Buffer>();
  readonly #links = new Map<string, string>();

  constructor(sink: LayerSink) {
    this.#sink = sink;
  }

  /** Checksums of the files in it. Throws repo.corrupt, repo.garbage. */
  async read(file: string, { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>, diffId: string): Promise<ReadonlySet<string>> {
    this.#files = new Set();
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
    return this.#files;
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
    this.#files.add(checksum);
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
