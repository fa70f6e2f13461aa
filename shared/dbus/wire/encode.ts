// SPDX-License-Identifier: LGPL-2.1-or-later
import { DbusFormatError } from './format-error.ts';
import { alignmentOf, parseSignature, parseSingleType, type WireType } from './signature.ts';
import { isObjectPath } from './valid-names.ts';
import { Variant } from './variant.ts';

const maxMessageBytes = 128 << 20;
const maxArrayBytes = 64 << 20;
const maxDepth = 64;

/** Ranges of the whole numbers that fit a JavaScript number. */
const ranges = {
  y: [0, 0xff],
  n: [-0x8000, 0x7fff],
  q: [0, 0xffff],
  i: [-0x80000000, 0x7fffffff],
  u: [0, 0xffffffff],
} as const;

/**
 * Writes values little-endian as the specification wants them. Takes what Decoder gives; besides numbers for 64-bit ones that are whole and exact, and lists
 * of numbers for `ay`. Throws DbusFormatError when a value doesn't fit its type: a fault of the program, not of the peer.
 * Half surrogates in text become U+FFFD, as everywhere in Node.
 */
export class Encoder {
  private bytes = Buffer.alloc(256);
  private at = 0;

  /** What was written so far; valid until the next write. */
  get written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  body(signature: string, values: readonly unknown[]): void {
    const types = parseSignature(signature);
    if (types.length !== values.length) throw new DbusFormatError(`${values.length} values for the signature “${signature}”`);
    types.forEach((type, index) => this.value(type, values[index], 0));
  }

  value(type: WireType, value: unknown, depth: number): void {
    this.align(alignmentOf[type.code]);
    switch (type.code) {
      case 'y':
        return this.put(1, (bytes, at) => bytes.writeUInt8(whole(value, 'y'), at));
      case 'b':
        if (typeof value !== 'boolean') throw misfit('b', value);
        return this.uint32(value ? 1 : 0);
      case 'n':
        return this.put(2, (bytes, at) => bytes.writeInt16LE(whole(value, 'n'), at));
      case 'q':
        return this.put(2, (bytes, at) => bytes.writeUInt16LE(whole(value, 'q'), at));
      case 'i':
        return this.put(4, (bytes, at) => bytes.writeInt32LE(whole(value, 'i'), at));
      case 'u':
        return this.uint32(whole(value, 'u'));
      case 'h':
        throw new DbusFormatError('file descriptors can’t be sent');
      case 'x':
        return this.put(8, (bytes, at) => bytes.writeBigInt64LE(big(value, 'x'), at));
      case 't':
        return this.put(8, (bytes, at) => bytes.writeBigUInt64LE(big(value, 't'), at));
      case 'd':
        if (typeof value !== 'number') throw misfit('d', value);
        return this.put(8, (bytes, at) => bytes.writeDoubleLE(value, at));
      case 's':
        return this.text(value);
      case 'o':
        if (typeof value !== 'string' || !isObjectPath(value)) throw misfit('o', value);
        return this.text(value);
      case 'g':
        if (typeof value !== 'string') throw misfit('g', value);
        parseSignature(value);
        return this.signature(value);
      case 'v':
        return this.variant(value, depth);
      case 'a':
        return this.array(type.element, value, depth);
      case '(':
        return this.struct(type.fields, value, depth);
      case '{':
        throw new DbusFormatError('a dictionary entry outside of an array');
    }
  }

  align(alignment: number): void {
    const to = Math.ceil(this.at / alignment) * alignment;
    const from = this.room(to - this.at);
    this.bytes.fill(0, from, to);
  }

  uint32(value: number): void {
    this.put(4, (bytes, at) => bytes.writeUInt32LE(value, at));
  }

  /** A length that is known only afterwards. */
  patchUint32(at: number, value: number): void {
    this.bytes.writeUInt32LE(value, at);
  }

  append(more: Buffer): void {
    const from = this.room(more.length);
    more.copy(this.bytes, from);
  }

  private put(count: number, write: (bytes: Buffer, at: number) => void): void {
    const at = this.room(count);
    write(this.bytes, at);
  }

  /** Offset of so many new bytes; `this.bytes` may be another buffer afterwards. */
  private room(count: number): number {
    const from = this.at;
    const needed = from + count;
    if (needed > maxMessageBytes) throw new DbusFormatError('a message of more than 128 MiB');
    if (needed > this.bytes.length) {
      const larger = Buffer.alloc(Math.min(maxMessageBytes, Math.max(needed, this.bytes.length * 2)));
      this.bytes.copy(larger, 0, 0, from);
      this.bytes = larger;
    }
    this.at = needed;
    return from;
  }

  private text(value: unknown): void {
    if (typeof value !== 'string') throw misfit('s', value);
    if (value.includes('\0')) throw new DbusFormatError('a NUL within a string');
    const length = Buffer.byteLength(value);
    this.uint32(length);
    const from = this.room(length + 1);
    this.bytes.write(value, from, length, 'utf8');
    this.bytes[from + length] = 0;
  }

  private signature(value: string): void {
    const from = this.room(value.length + 2);
    this.bytes[from] = value.length;
    this.bytes.write(value, from + 1, value.length, 'latin1');
    this.bytes[from + 1 + value.length] = 0;
  }

  private variant(value: unknown, depth: number): void {
    if (!(value instanceof Variant)) throw misfit('v', value);
    deeper(depth);
    const type = parseSingleType(value.signature);
    this.signature(value.signature);
    this.value(type, value.value, depth + 1);
  }

  private struct(fields: readonly WireType[], value: unknown, depth: number): void {
    deeper(depth);
    if (!Array.isArray(value) || value.length !== fields.length) throw misfit('(', value);
    fields.forEach((field, index) => this.value(field, value[index], depth + 1));
  }

  private array(element: WireType, value: unknown, depth: number): void {
    deeper(depth);
    const lengthAt = this.at;
    this.uint32(0);
    this.align(alignmentOf[element.code]);
    const from = this.at;
    if (element.code === 'y' && value instanceof Uint8Array) this.append(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    else if (element.code === '{') this.entries(element, value, depth + 1);
    else {
      if (!Array.isArray(value)) throw misfit('a', value);
      for (const item of value) this.value(element, item, depth + 1);
    }
    if (this.at - from > maxArrayBytes) throw new DbusFormatError(`an array of ${this.at - from} bytes`);
    this.patchUint32(lengthAt, this.at - from);
  }

  private entries({ key, value }: { key: WireType; value: WireType }, dictionary: unknown, depth: number): void {
    deeper(depth);
    if (typeof dictionary !== 'object' || dictionary === null || Array.isArray(dictionary)) throw misfit('a{', dictionary);
    for (const [name, item] of Object.entries(dictionary)) {
      this.align(alignmentOf['{']);
      this.value(key, keyOf(key, name), depth + 1);
      this.value(value, item, depth + 1);
    }
  }
}

/** Keys of objects are text, whatever the type of the dictionary's keys is. */
function keyOf(type: WireType, name: string): unknown {
  if (type.code === 's' || type.code === 'o' || type.code === 'g') return name;
  if (type.code === 'b') return name === 'true' ? true : name === 'false' ? false : name;
  return type.code === 'x' || type.code === 't' ? BigInt(name) : Number(name);
}

function whole(value: unknown, code: keyof typeof ranges): number {
  const [least, most] = ranges[code];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) throw misfit(code, value);
  return value;
}

function big(value: unknown, code: 'x' | 't'): bigint {
  const number = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof number !== 'bigint') throw misfit(code, value);
  if ((code === 'x' ? BigInt.asIntN(64, number) : BigInt.asUintN(64, number)) !== number) throw misfit(code, value);
  return number;
}

function misfit(code: string, value: unknown): DbusFormatError {
  return new DbusFormatError(`${value === null ? 'null' : typeof value} where “${code}” is due`);
}

function deeper(depth: number): void {
  if (depth >= maxDepth) throw new DbusFormatError('values nested too deeply');
}
