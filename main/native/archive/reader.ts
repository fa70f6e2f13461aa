// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, openSync } from 'node:fs';
import { bind, bindStatus, Handle, Ptr } from '../core/index.ts';

/** libarchive's reading side (archive.h of libarchive 3). */
const create = bind('archive', 'archive_read_new', Ptr, []);
const release = bind('archive', 'archive_read_free', 'int', [Ptr]);
const rawFormat = bindStatus('archive', 'archive_read_support_format_raw', [Ptr]);
const openFd = bind('archive', 'archive_read_open_fd', 'int', [Ptr, 'int', 'size_t']);
const nextHeader = bind('archive', 'archive_read_next_header', 'int', [Ptr, Ptr]);
const readData = bind('archive', 'archive_read_data', 'int64', [Ptr, Ptr, 'size_t']);
const errorString = bind('archive', 'archive_error_string', 'str', [Ptr]);
const seek = bindStatus('c', 'lseek', ['int', 'int64', 'int'], (offset) => offset >= 0, 'int64');
const entryOut = Buffer.alloc(8);

/** By rpm's names of compressors. Only these: libarchive's "all" would start programs of the machine for some. */
const filters: Readonly<Record<string, (archive: bigint) => unknown>> = {
  none: () => 0,
  gzip: bind('archive', 'archive_read_support_filter_gzip', 'int', [Ptr]),
  bzip2: bind('archive', 'archive_read_support_filter_bzip2', 'int', [Ptr]),
  xz: bind('archive', 'archive_read_support_filter_xz', 'int', [Ptr]),
  lzma: bind('archive', 'archive_read_support_filter_lzma', 'int', [Ptr]),
  zstd: bind('archive', 'archive_read_support_filter_zstd', 'int', [Ptr]),
};

/** A payload that libarchive can't read: damaged, or packed in a way that it doesn't know. */
export class PayloadError extends Error {
  constructor(
    message: string,
    readonly isDamage: boolean,
  ) {
    super(message);
  }
}

const blockBytes = 1 << 16;

/** The bytes of a file from an offset on, unpacked. libarchive's part ends here: it decompresses, what the bytes mean is ours to say. */
export class UnpackedFile implements Disposable {
  readonly #fd: number;
  readonly #archive: Handle<'archive'>;
  #isOver = false;

  /** Throws PayloadError. `compressor`: rpm's name of it. */
  constructor(file: string, offsetBytes: number, compressor: string) {
    this.#fd = openSync(file, 'r');
    this.#archive = new Handle<'archive'>(create(), `archive ${file}`, release);
    try {
      const filter = Object.hasOwn(filters, compressor) ? filters[compressor] : undefined;
      // anything but OK: this libarchive would start a program for it
      if (!filter || filter(this.#archive.pointer) !== 0)
        throw new PayloadError(`it is packed with ${JSON.stringify(compressor)}, which this system’s libarchive can’t unpack`, false);
      rawFormat(this.#archive.pointer);
      seek(this.#fd, offsetBytes, 0);
      this.#check(openFd(this.#archive.pointer, this.#fd, blockBytes) as number);
      this.#check(nextHeader(this.#archive.pointer, entryOut) as number);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Fill `into` from its beginning; returns how many bytes, 0 at the end. Throws PayloadError. */
  read(into: Buffer): number {
    if (this.#isOver || into.length === 0) return 0;
    const count = Number(readData(this.#archive.pointer, into, into.length));
    this.#check(count);
    this.#isOver = count === 0;
    return count;
  }

  [Symbol.dispose](): void {
    this.#archive[Symbol.dispose]();
    closeSync(this.#fd);
  }

  /** Warnings (-20) and retries (-10) count too: half-read content is worse than none. ARCHIVE_EOF (1) of an empty payload is the end. */
  #check(code: number): void {
    if (code < 0) throw new PayloadError(String(errorString(this.#archive.pointer) ?? 'it can’t be unpacked'), true);
  }
}
