// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, type Hash } from 'node:crypto';
import { createWriteStream, renameSync } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Headers, type Pack } from 'tar-stream';

/** A layer of an image, stored as a blob. */
export interface WrittenLayer {
  /** sha256 of the compressed blob. */
  readonly digest: string;
  /** sha256 of the tar. */
  readonly diffId: string;
  readonly sizeBytes: number;
}

const epoch = new Date(0);
const piecesFrom = 1 << 20;

/** Passes bytes on and counts them. */
class Meter extends Transform {
  readonly hash: Hash = createHash('sha256');
  bytes = 0;

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: Error | null, chunk: Buffer) => void): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }
}

/** Writes one tar with equal bytes for equal content: no times, no names of owners. */
export class LayerWriter {
  readonly #pack: Pack = pack();
  readonly #plain = new Meter();
  readonly #packed = new Meter();
  readonly #file: string;
  readonly #blobs: string;
  readonly #done: Promise<void>;

  constructor(blobs: string, compression: boolean) {
    this.#blobs = blobs;
    this.#file = path.join(blobs, `.layer-${process.pid}-${Math.random().toString(36).slice(2)}`);
    const out = createWriteStream(this.#file);
    const tar = this.#pack;
    this.#done = compression
      ? pipeline(tar, this.#plain, createGzip({ level: 6 }), this.#packed, out)
      : pipeline(tar, this.#plain, this.#packed, out);
    // awaited in finish(); until then an error must not end the process
    this.#done.catch(() => undefined);
  }

  async directory(name: string, mode = 0o755, uid = 0, gid = 0): Promise<void> {
    await this.#entry({ name: `${name}/`, type: 'directory', mode, uid, gid });
  }

  async data(name: string, bytes: Buffer): Promise<void> {
    await this.#entry({ name, type: 'file', mode: 0o644, uid: 0, gid: 0, size: bytes.length }, bytes);
  }

  async link(name: string, target: string, { mode = 0o644, uid = 0, gid = 0 } = {}): Promise<void> {
    await this.#entry({ name, type: 'link', linkname: target, mode, uid, gid });
  }

  async symlink(
    name: string,
    target: string,
    { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  ): Promise<void> {
    await this.#entry({ name, type: 'symlink', linkname: target, mode, uid, gid });
  }

  async file(
    name: string,
    content: Iterable<Buffer>,
    { mode, uid, gid, sizeBytes }: { readonly mode: number; readonly uid: number; readonly gid: number; readonly sizeBytes: number },
  ): Promise<void> {
    const header: Headers = { name, type: 'file', mode, uid, gid, size: sizeBytes };
    if (sizeBytes < piecesFrom) return this.#entry(header, Buffer.concat([...content]));
    await new Promise<void>((resolve, reject) => {
      const entry = this.#pack.entry({ ...header, mtime: epoch }, (error) => (error ? reject(error) : resolve()));
      const feed = async (): Promise<void> => {
        for (const piece of content) if (!entry.write(piece)) await new Promise<void>((go) => entry.once('drain', () => go()));
        entry.end();
      };
      feed().catch(reject);
    });
  }

  async #entry(header: Headers, bytes: Buffer = Buffer.alloc(0)): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.#pack.entry({ ...header, mtime: epoch }, bytes, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Ends the layer; its blob is there under its digest then. */
  async finish(): Promise<WrittenLayer> {
    this.#pack.finalize();
    await this.#done;
    const digest = this.#packed.hash.digest('hex');
    renameSync(this.#file, path.join(this.#blobs, digest));
    return { digest, diffId: this.#plain.hash.digest('hex'), sizeBytes: this.#packed.bytes };
  }
}
