// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Entries of a layer (ustar, pax and GNU's long names). tar-stream, which writes layers, reads names and attributes as text, whatever bytes they are, and headers of any
 * size: here nothing is taken for what it isn't, and a hostile layer doesn't fill the memory.
 */
export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'link' | 'symlink' | 'directory' | 'special';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Of links. */
  readonly target: string;
  readonly xattrs: readonly (readonly [name: string, value: Buffer])[];
}

const block = 512;
/** Of a pax or long name header: as much as Go's archive/tar takes, which containers' tools read layers with. */
const maxHeaderBytes = 1 << 20;
const maxNameBytes = 4096;
const maxOwner = 0xffff_fffe;

/** Takes the pieces of a stream apart. */
class Blocks {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next piece, at most this long; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done) return undefined;
      this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** Exactly so many bytes, or (at the end) fewer. */
  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = bytes; missing > 0;) {
      const piece = await this.some(missing);
      if (!piece) break;
      parts.push(piece);
      missing -= piece.length;
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

/**
 * Call `take` for each entry, one after the other; its content has to be read before it returns, or is passed over. The stream is read to its end, beyond that of the
 * archive. `refuse` makes the error of what isn't taken, naming it.
 */
export async function readTar(
  source: AsyncIterable<Buffer>,
  refuse: (detail: string) => Error,
  take: (entry: TarEntry, content: AsyncIterable<Buffer>) => Promise<void> | void,
): Promise<void> {
  const blocks = new Blocks(source);
  try {
    for (let more: Pax = {}, header; (header = await nextHeader(blocks, refuse));) {
      const { flag } = header;
      if ('xgLK'.includes(flag)) {
        if (header.sizeBytes > maxHeaderBytes) throw refuse(`a header of ${header.sizeBytes} bytes`);
        const bytes = await body(blocks, header.sizeBytes, refuse);
        if (flag === 'x') more = { ...more, ...paxOf(bytes, refuse) };
        else if (flag === 'L') more = { ...more, path: cText(bytes) };
        else if (flag === 'K') more = { ...more, linkpath: cText(bytes) };
        // one for all entries (g) says nothing of files in layers
        continue;
      }
      const entry = entryOf(header, more, refuse);
      more = {};
      let left = entry.sizeBytes;
      const content = async function* (): AsyncGenerator<Buffer, void, undefined> {
        while (left > 0) {
          const piece = await blocks.some(left);
          if (!piece) throw refuse(`${shown(entry.name)} ends too early`);
          left -= piece.length;
          yield piece;
        }
      };
      await take(entry, content());
      if (left > 0) for await (const _ of content()) continue;
      if (entry.sizeBytes > 0) await blocks.take(padding(entry.sizeBytes));
    }
    while (await blocks.some(1 << 20)) continue;
  } finally {
    await blocks.close();
  }
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

interface Header {
  readonly flag: string;
  readonly name: Buffer;
  readonly linkname: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
}

/** undefined at the end: two blocks of zeros, or nothing more. */
async function nextHeader(blocks: Blocks, refuse: (detail: string) => Error): Promise<Header | undefined> {
  const bytes = await blocks.take(block);
  if (bytes.length === 0) return undefined;
  if (bytes.length === block && isZero(bytes)) {
    if (!isZero(await blocks.take(block))) throw refuse('something follows where half of the archive’s end is');
    return undefined;
  }
  let sum = 8 * 32;
  for (let i = 0; i < bytes.length; i++) if (i < 148 || i >= 156) sum += bytes[i] ?? 0;
  if (bytes.length < block || number(bytes, 148, 8) !== sum) throw refuse('what should be the next entry’s header is none');
  const magic = bytes.toString('latin1', 257, 263);
  const prefix = magic === 'ustar\0' ? cText(bytes.subarray(345, 500)) : Buffer.alloc(0);
  const name = cText(bytes.subarray(0, 100));
  const field = (at: number, length: number, most: number, called: string): number => {
    const value = number(bytes, at, length);
    if (value === undefined || value > most) throw refuse(`${shown(name.toString())} has no valid ${called}`);
    return value;
  };
  return {
    flag: bytes[156] === 0 ? '0' : String.fromCharCode(bytes[156] ?? 0),
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    linkname: cText(bytes.subarray(157, 257)),
    mode: field(100, 8, 2 ** 32, 'mode'),
    uid: field(108, 8, maxOwner, 'owner'),
    gid: field(116, 8, maxOwner, 'group'),
    sizeBytes: field(124, 12, Number.MAX_SAFE_INTEGER, 'size'),
  };
}

/** Octal digits, or (first bit set) binary; undefined for what is neither, or negative. */
function number(bytes: Buffer, at: number, length: number): number | undefined {
  const field = bytes.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & 0x7f : byte), 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const isGap = (byte: number | undefined): boolean => byte === 0 || byte === 0x20;
  let i = 0;
  while (i < length && isGap(field[i])) i++;
  let value = 0;
  for (; i < length && !isGap(field[i]); i++) {
    const digit = (field[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

const padding = (sizeBytes: number): number => (block - (sizeBytes % block)) % block;

async function body(blocks: Blocks, sizeBytes: number, refuse: (detail: string) => Error): Promise<Buffer> {
  const bytes = await blocks.take(sizeBytes);
  if (bytes.length < sizeBytes) throw refuse('a header ends too early');
  await blocks.take(padding(sizeBytes));
  return bytes;
}

function cText(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

type Pax = Readonly<Record<string, Buffer>>;

/** Records `LENGTH KEY=VALUE\n`. */
function paxOf(bytes: Buffer, refuse: (detail: string) => Error): Pax {
  const records: [string, Buffer][] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? '' : bytes.toString('latin1', at, space);
    const length = /^[1-9]\d{0,7}$/.test(digits) ? Number(digits) : 0;
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length - 1;
    if (equals < 0 || equals >= end || bytes[end] !== 0x0a) throw refuse('a pax header that isn’t one');
    records.push([bytes.toString('utf8', space + 1, equals), Buffer.from(bytes.subarray(equals + 1, end))]);
    at += length;
  }
  return Object.fromEntries(records);
}

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  ...{ '0': 'file', '7': 'file', '1': 'link', '2': 'symlink', '5': 'directory' },
  ...{ '3': 'special', '4': 'special', '6': 'special' },
};
const xattrPrefix = 'SCHILY.xattr.';

function entryOf(header: Header, pax: Pax, refuse: (detail: string) => Error): TarEntry {
  const given = (key: string): Buffer | undefined => (pax[key]?.length ? pax[key] : undefined);
  const name = textOf(given('path') ?? header.name, refuse);
  const target = textOf(given('linkpath') ?? header.linkname, refuse);
  const decimal = (key: string, otherwise: number, most: number): number => {
    const text = given(key)?.toString('latin1');
    if (text === undefined) return otherwise;
    if (!/^\d{1,16}$/.test(text) || Number(text) > most) throw refuse(`${shown(name)} has no valid ${key}`);
    return Number(text);
  };
  const sparse = header.flag === 'S' || Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'));
  if (sparse) throw refuse(`${shown(name)} is a sparse file, which the image format doesn’t know`);
  const plain = kinds[header.flag];
  if (!plain) throw refuse(`${shown(name)} is of an unknown kind (${shown(header.flag)})`);
  const kind = plain === 'file' && name.endsWith('/') ? 'directory' : plain;
  const size = decimal('size', header.sizeBytes, Number.MAX_SAFE_INTEGER);
  return {
    name,
    kind,
    target,
    mode: header.mode & 0o7777,
    uid: decimal('uid', header.uid, maxOwner),
    gid: decimal('gid', header.gid, maxOwner),
    // others have no content, whatever they say
    sizeBytes: kind === 'file' ? size : 0,
    xattrs: Object.entries(pax).flatMap(([key, value]) =>
      key.startsWith(xattrPrefix) && value.length > 0 ? [[key.slice(xattrPrefix.length), value] as const] : [],
    ),
  };
}

function textOf(bytes: Buffer, refuse: (detail: string) => Error): string {
  if (bytes.length > maxNameBytes) throw refuse(`a name of ${bytes.length} bytes`);
  const text = bytes.toString('utf8');
  if (bytes.includes(0)) throw refuse(`${shown(text)} has a NUL in its name`);
  if (!Buffer.from(text).equals(bytes)) throw refuse(`${shown(text)} has a name that isn’t UTF-8`);
  return text;
}

/** A name as errors show it: escaped, and not endless. */
export const shown = (name: string): string => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
