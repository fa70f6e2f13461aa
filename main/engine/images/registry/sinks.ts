// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';

/** Where a blob goes: it knows what is there already. */
export interface Sink {
  /** Bytes that are there, from the beginning. */
  readonly size: number;
  write(chunk: Uint8Array): Promise<void>;
  /** `sha256:…` of what is there. */
  digest(): string;
  /** Forget what is there. */
  restart(): Promise<void>;
}

const digestOf = (hash: Hash): string => `sha256:${hash.copy().digest('hex')}`;

export class MemorySink implements Sink {
  #pieces: Uint8Array[] = [];
  #hash = createHash('sha256');
  size = 0;

  write(chunk: Uint8Array): Promise<void> {
    this.#pieces.push(chunk);
    this.#hash.update(chunk);
    this.size += chunk.length;
    return Promise.resolve();
  }

  digest(): string {
    return digestOf(this.#hash);
  }

  restart(): Promise<void> {
    this.#pieces = [];
    this.#hash = createHash('sha256');
    this.size = 0;
    return Promise.resolve();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

export class FileSink implements Sink {
  readonly #file: FileHandle;
  readonly #path: string;
  #hash = createHash('sha256');
  size = 0;

  private constructor(file: FileHandle, location: string) {
    this.#file = file;
    this.#path = location;
  }

  /** A file that may be there; at most `mostBytes` of it count, and a larger one is begun anew. */
  static async open(location: string, mostBytes: number): Promise<FileSink> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const sink = new FileSink(await open(location, flags, 0o644), location);
    try {
      if ((await sink.#file.stat()).size > mostBytes) await sink.restart();
      else await sink.#readOn();
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  }

  async #readOn(): Promise<void> {
    const piece = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const { bytesRead } = await this.#file.read(piece, 0, piece.length, this.size);
      if (bytesRead === 0) return;
      this.#hash.update(piece.subarray(0, bytesRead));
      this.size += bytesRead;
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, this.size + done);
      done += bytesWritten;
    }
    this.#hash.update(chunk);
    this.size += chunk.length;
  }

  digest(): string {
    return digestOf(this.#hash);
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.size = 0;
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
