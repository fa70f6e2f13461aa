// SPDX-License-Identifier: LGPL-2.1-or-later
/** Where a payload's bytes come from: fills a buffer from its beginning, 0 at the end. */
export type ByteSource = (into: Buffer) => number;

/** The header of an entry in a cpio archive of the "newc" format (cpio(5)), as it stands there: nothing of it is trusted. */
export interface CpioEntry {
  /** Without the NUL. */
  readonly name: Buffer;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** What isn't a cpio archive, or stops before its end. */
export class CpioError extends Error {}

const headerBytes = 110;
/** `070701`, and `070702` with sums of the content that nobody writes nor checks. */
const magics: readonly string[] = ['070701', '070702'];
/** No path of a file is longer (PATH_MAX), with `./` before it. */
const longestNameBytes = 4096 + 2;
const trailer = 'TRAILER!!!';
const bufferBytes = 1 << 20;
/** Archives may be filled up with zeros to whole blocks. */
const longestPaddingBytes = 1 << 16;

/** Reads a cpio archive piece by piece; one buffer of 1 MiB, whatever the archive says of sizes. */
export class CpioReader {
  readonly #source: ByteSource;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #from = 0;
  #to = 0;
  /** Zeros after what was read last, up to a multiple of four. */
  #padding = 0;
  /** Content of the current entry that wasn't asked for yet. */
  #left = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next entry, undefined at the end. The content of the one before must have been read. Throws CpioError. */
  next(): CpioEntry | undefined {
    if (this.#left > 0) throw new Error('the content of an entry was not read');
    this.#take(this.#padding);
    this.#padding = 0;
    const bytes = this.#take(headerBytes);
    if (!magics.includes(bytes.toString('latin1', 0, 6))) throw new CpioError('an entry doesn’t begin as one of a cpio archive does');
    const field = (index: number): number => {
      const text = bytes.toString('latin1', 6 + index * 8, 14 + index * 8);
      if (!/^[0-9a-f]{8}$/i.test(text)) throw new CpioError('an entry’s header isn’t written in hexadecimal numbers');
      return Number.parseInt(text, 16);
    };
    const [mode, sizeBytes, deviceMajor, deviceMinor, nameBytes] = [field(1), field(6), field(9), field(10), field(11)];
    if (nameBytes < 1 || nameBytes > longestNameBytes) throw new CpioError(`a file’s name has ${nameBytes} bytes`);
    const padded = this.#take(nameBytes + (-(headerBytes + nameBytes) & 3));
    const name = Buffer.from(padded.subarray(0, nameBytes - 1));
    if (padded[nameBytes - 1] !== 0 || name.includes(0)) throw new CpioError('a file’s name doesn’t end where it should');
    if (name.toString('latin1') === trailer) {
      this.#expectEnd();
      return undefined;
    }
    this.#left = sizeBytes;
    this.#padding = -sizeBytes & 3;
    return { name, mode, sizeBytes, deviceMajor, deviceMinor };
  }

  /** The next piece of the current entry's content (valid until the next call), undefined when all was read. The whole when it is below 1 MiB. */
  content(): Buffer | undefined {
    if (this.#left === 0) return undefined;
    const piece = this.#take(Math.min(this.#left, bufferBytes));
    this.#left -= piece.length;
    return piece;
  }

  /** Bytes in one piece, at most the buffer's size. */
  #take(count: number): Buffer {
    if (this.#to - this.#from < count) {
      this.#buffer.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
      while (this.#to < count) {
        const read = this.#source(this.#buffer.subarray(this.#to));
        if (read === 0) throw new CpioError('it stops before its end (truncated)');
        this.#to += read;
      }
    }
    const bytes = this.#buffer.subarray(this.#from, this.#from + count);
    this.#from += count;
    return bytes;
  }

  /** A reader that goes on after the trailer would see more files than one that stops. */
  #expectEnd(): void {
    let seen = 0;
    for (let piece = this.#buffer.subarray(this.#from, this.#to); ; piece = this.#buffer.subarray(0, this.#to)) {
      seen += piece.length;
      if (piece.some((byte) => byte !== 0) || seen > longestPaddingBytes) throw new CpioError('something follows after its end');
      this.#from = 0;
      this.#to = this.#source(this.#buffer);
      if (this.#to === 0) return;
    }
  }
}
