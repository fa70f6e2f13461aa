// SPDX-License-Identifier: LGPL-2.1-or-later
import { isUtf8 } from 'node:buffer';
import { DbusFormatError } from './format-error.ts';
import { alignmentOf, parseSignature, parseSingleType, type WireType } from './signature.ts';
import { isObjectPath } from './valid-names.ts';
import { Variant } from './variant.ts';

/** D-Bus specification, "Marshaling": longest array, and containers within one another, variants included. */
const maxArrayBytes = 64 << 20;
const maxDepth = 64;

export interface DecodeLimits {
  /** Values in all, containers included. */
  readonly values: number;
  /** File descriptors that came with the message; `h` is an index into them. */
  readonly descriptors: number;
}

/**
 * Reads marshalled values strictly: zero padding, booleans of 0 and 1, valid UTF-8 without NUL, valid object paths and signatures, lengths that
 * fit. Offsets count from the beginning of `bytes`, which must be one of 8 in the message. Every method throws DbusFormatError.
 * Values: a{..} as an object without a prototype, structs and arrays as arrays, `ay` as a Buffer of its own, variants as Variant, 64-bit numbers
 * as bigint.
 */
export class Decoder {
  at: number;
  private readonly bytes: Buffer;
  private readonly little: boolean;
  private readonly descriptors: number;
  private valuesLeft: number;

  constructor(bytes: Buffer, little: boolean, limits: DecodeLimits, at = 0) {
    this.bytes = bytes;
    this.little = little;
    this.valuesLeft = limits.values;
    this.descriptors = limits.descriptors;
    this.at = at;
  }

  /** All values of a signature, which must use up the bytes. */
  body(signature: string): unknown[] {
    const values = parseSignature(signature).map((type) => this.value(type, 0));
    if (this.at !== this.bytes.length) throw new DbusFormatError(`${this.bytes.length - this.at} bytes more than the signature says`);
    return values;
  }

  value(type: WireType, depth: number): unknown {
    if (--this.valuesLeft < 0) throw new DbusFormatError('too many values');
    this.align(alignmentOf[type.code]);
    switch (type.code) {
      case 'y':
        return this.bytes.readUInt8(this.take(1));
      case 'b':
        return this.boolean();
      case 'n':
        return this.little ? this.bytes.readInt16LE(this.take(2)) : this.bytes.readInt16BE(this.take(2));
      case 'q':
        return this.little ? this.bytes.readUInt16LE(this.take(2)) : this.bytes.readUInt16BE(this.take(2));
      case 'i':
        return this.little ? this.bytes.readInt32LE(this.take(4)) : this.bytes.readInt32BE(this.take(4));
      case 'u':
        return this.uint32();
      case 'h':
        return this.descriptor();
      case 'x':
        return this.little ? this.bytes.readBigInt64LE(this.take(8)) : this.bytes.readBigInt64BE(this.take(8));
      case 't':
        return this.little ? this.bytes.readBigUInt64LE(this.take(8)) : this.bytes.readBigUInt64BE(this.take(8));
      case 'd':
        return this.little ? this.bytes.readDoubleLE(this.take(8)) : this.bytes.readDoubleBE(this.take(8));
      case 's':
        return this.text(this.uint32());
      case 'o':
        return this.objectPath();
      case 'g':
        return this.signature();
      case 'v':
        return this.variant(depth);
      case 'a':
        return this.array(type.element, depth);
      case '(':
        deeper(depth);
        return type.fields.map((field) => this.value(field, depth + 1));
      case '{':
        throw new DbusFormatError('a dictionary entry outside of an array');
    }
  }

  /** Move to a multiple of `alignment`; the bytes skipped must be zero. */
  align(alignment: number): void {
    const to = Math.ceil(this.at / alignment) * alignment;
    if (to > this.bytes.length) throw new DbusFormatError('the message ends too early');
    for (; this.at < to; this.at++) if (this.bytes[this.at] !== 0) throw new DbusFormatError('padding that isn’t zero');
  }

  uint32(): number {
    return this.little ? this.bytes.readUInt32LE(this.take(4)) : this.bytes.readUInt32BE(this.take(4));
  }

  private take(count: number): number {
    const from = this.at;
    if (count > this.bytes.length - from) throw new DbusFormatError('the message ends too early');
    this.at = from + count;
    return from;
  }

  private boolean(): boolean {
    const value = this.uint32();
    if (value > 1) throw new DbusFormatError(`a boolean of ${value}`);
    return value === 1;
  }

  private descriptor(): number {
    const index = this.uint32();
    if (index >= this.descriptors) throw new DbusFormatError(`file descriptor ${index} of ${this.descriptors}`);
    return index;
  }

  private text(length: number): string {
    const from = this.take(length);
    const text = this.bytes.toString('utf8', from, from + length);
    if (this.bytes[this.take(1)] !== 0) throw new DbusFormatError('a string without its end');
    if (text.includes('\0')) throw new DbusFormatError('a NUL within a string');
    // the sign for "unreadable" is also an ordinary character
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(from, from + length))) throw new DbusFormatError('text that isn’t UTF-8');
    return text;
  }

  private objectPath(): string {
    const path = this.text(this.uint32());
    if (!isObjectPath(path)) throw new DbusFormatError('an object path that isn’t one');
    return path;
  }

  private signature(): string {
    const signature = this.text(this.bytes.readUInt8(this.take(1)));
    parseSignature(signature);
    return signature;
  }

  private variant(depth: number): Variant {
    deeper(depth);
    const signature = this.text(this.bytes.readUInt8(this.take(1)));
    return new Variant(signature, this.value(parseSingleType(signature), depth + 1));
  }

  private array(element: WireType, depth: number): unknown {
    deeper(depth);
    const length = this.uint32();
    if (length > maxArrayBytes) throw new DbusFormatError(`an array of ${length} bytes`);
    // the padding before the first element is there in an empty array too, and isn't counted
    this.align(alignmentOf[element.code]);
    const end = this.take(length) + length;
    this.at = end - length;
    const result =
      element.code === 'y'
        ? this.byteArray(end)
        : element.code === '{'
          ? this.dictionary(element, end, depth + 1)
          : this.list(element, end, depth + 1);
    if (this.at !== end) throw new DbusFormatError('an array whose elements don’t fit its length');
    return result;
  }

  private byteArray(end: number): Buffer {
    const bytes = Buffer.from(this.bytes.subarray(this.at, end));
    this.at = end;
    return bytes;
  }

  private list(element: WireType, end: number, depth: number): unknown[] {
    const items: unknown[] = [];
    while (this.at < end) items.push(this.value(element, depth));
    return items;
  }

  private dictionary({ key, value }: { key: WireType; value: WireType }, end: number, depth: number): Record<string, unknown> {
    deeper(depth);
    // no prototype: whatever a key is called, it is a key
    const items: Record<string, unknown> = Object.create(null);
    while (this.at < end) {
      if (--this.valuesLeft < 0) throw new DbusFormatError('too many values');
      this.align(alignmentOf['{']);
      const name = String(this.value(key, depth + 1));
      if (name in items) throw new DbusFormatError('a dictionary with a key twice');
      items[name] = this.value(value, depth + 1);
    }
    return items;
  }
}

function deeper(depth: number): void {
  if (depth >= maxDepth) throw new DbusFormatError('values nested too deeply');
}
