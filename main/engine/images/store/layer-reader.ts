// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import type { Descriptor } from '../oci.ts';
import { repoPath } from '../repo-path.ts';
import { layerBytes, refusedLayer } from './layer-bytes.ts';
import { readTar, type TarEntry } from './tar-entries.ts';

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

  /** Checksums of the files in it. Throws repo.corrupt, repo.garbage, container.layer-refused. */
  async read(file: string, { digest }: Pick<Descriptor, 'digest'>, diffId: string): Promise<ReadonlySet<string>> {
    this.#files = new Set();
    const refuse = (detail: string): Error => refusedLayer(digest, detail);
    try {
      await readTar(layerBytes(file, digest, diffId), refuse, (entry, content) => this.#entry(entry, content));
    } catch (error) {
      // what GVariant can't make sense of is the layer's fault
      if (error instanceof TreelineError) throw error;
      throw new TreelineError('repo.corrupt', { subject: digest, detail: messageOf(error) }, { cause: error });
    }
    return this.#files;
  }

  async #entry(header: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    const match = objectName.exec(header.name);
    if (!match) return;
    const checksum = `${match[1] ?? ''}${match[2] ?? ''}`;
    switch (match[3]) {
      case 'file-xattrs':
        this.#xattrs.set(checksum, await whole(content, header));
        return;
      case 'file-xattrs-link': {
        const target = objectName.exec(header.target);
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

  async #file(checksum: string, header: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    this.#files.add(checksum);
    if (this.#sink.has('file', checksum)) return;
    const xattrs = this.#xattrs.get(this.#links.get(checksum) ?? '');
    if (!xattrs) throw new TreelineError('repo.corrupt', { subject: header.name, detail: 'its extended attributes are missing' });
    const { uid, gid, mode, sizeBytes } = header;
    const object = { uid, gid, mode, sizeBytes, xattrs };
    this.objects++;
    if (header.kind === 'symlink') return this.#sink.writeLink(checksum, { ...object, linkTarget: header.target });
    using file = this.#sink.openFile(checksum, object);
    for await (const piece of content) file.write(piece);
    file.finish();
  }
}

async function whole(content: AsyncIterable<Buffer>, header: TarEntry): Promise<Buffer> {
  if (header.sizeBytes > maxMetadataBytes)
    throw new TreelineError('repo.garbage', { subject: header.name, detail: `it has ${header.sizeBytes} bytes` });
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
