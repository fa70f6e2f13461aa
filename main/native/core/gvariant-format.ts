// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * GVariant's serialised form (GVariant Specification, "Serialisation Format"), little-endian, in normal form.
 * Mapping: b boolean; y n q i u h number; x t bigint on the way out (number or bigint on the way in); d number; s o g string;
 * ay Buffer; other arrays -> arrays; a{s*} (string keys) -> Map; (..) {..} -> arrays; m? -> value or null; v -> Variant.
 */
export class Variant {
  constructor(
    readonly type: string,
    readonly value: VariantValue,
    /** How the numbers in it are written. What was read says 'little': its bytes are taken as they come. */
    readonly order: ByteOrder = 'little',
  ) {}
}

/** `network` is what g_variant_byteswap makes of `little`: numbers the other way round, the framing as it is. */
export type ByteOrder = 'little' | 'network';

export type VariantValue = boolean | number | bigint | string | Buffer | null | Variant | VariantValue[] | Map<string, VariantValue>;

interface Type {
  readonly code: string;
  readonly text: string;
  readonly alignment: number;
  /** Bytes of a fixed-size type, 0 for a variable one. */
  readonly fixed: number;
  readonly children: readonly Type[];
}

const basic: Record<string, readonly [alignment: number, fixed: number]> = {
  b: [1, 1],
  y: [1, 1],
  n: [2, 2],
  q: [2, 2],
  i: [4, 4],
  u: [4, 4],
  h: [4, 4],
  x: [8, 8],
  t: [8, 8],
  d: [8, 8],
  s: [1, 0],
  o: [1, 0],
  g: [1, 0],
  v: [8, 0],
};

const known = new Map<string, Type>();
/** Types come with the data, too: those of strangers aren't kept for ever. */
const mostKnown = 512;
/** G_VARIANT_MAX_RECURSION_DEPTH of GLib: what is nested deeper isn't read. */
const deepest = 128;
const align = (offset: number, alignment: number): number => (offset + alignment - 1) & -alignment;

function parse(text: string): Type {
  const cached = known.get(text);
  if (cached) return cached;
  const [type, end] = parseAt(text, 0);
  if (end !== text.length) throw new TypeError(`bad GVariant type '${text}'`);
  if (known.size >= mostKnown) known.clear();
  known.set(text, type);
  return type;
}

function parseAt(text: string, start: number, depth = 0): [Type, number] {
  if (depth > deepest) throw new TypeError('a GVariant type is nested too deeply');
  const code = text[start] ?? '';
  const simple = basic[code];
  if (simple) return [{ code, text: code, alignment: simple[0], fixed: simple[1], children: [] }, start + 1];
  if (code === 'a' || code === 'm') {
    const [child, end] = parseAt(text, start + 1, depth + 1);
    return [{ code, text: text.slice(start, end), alignment: child.alignment, fixed: 0, children: [child] }, end];
  }
  if (code !== '(' && code !== '{') throw new TypeError(`bad GVariant type '${text}' at ${start}`);
  const close = code === '(' ? ')' : '}';
  const children: Type[] = [];
  let at = start + 1;
  while (text[at] !== close) {
    const [child, end] = parseAt(text, at, depth + 1);
    children.push(child);
    at = end;
  }
  const alignment = Math.max(1, ...children.map((c) => c.alignment));
  const fixedSize = children.every((c) => c.fixed > 0)
    ? align(
        children.reduce((size, c) => align(size, c.alignment) + c.fixed, 0),
        alignment,
      )
    : 0;
  return [{ code, text: text.slice(start, at + 1), alignment, fixed: children.length === 0 ? 1 : fixedSize, children }, at + 1];
}

const offsetSize = (length: number): 1 | 2 | 4 => (length > 0xffff ? 4 : length > 0xff ? 2 : 1);
const readOffset = (bytes: Buffer, at: number, size: number): number => bytes.readUIntLE(at, size);

/**
 * Decode serialised bytes of the given type. Throws RangeError or TypeError on bytes that can't be of it. Stricter than GLib, which reads default values
 * then: parts that overlap would let some bytes stand for any number of values.
 */
export function decodeVariant(type: string, bytes: Buffer): VariantValue {
  return decode(parse(type), bytes, 0);
}

function decode(type: Type, bytes: Buffer, depth: number): VariantValue {
  if (depth > deepest) throw new RangeError('a GVariant is nested too deeply');
  switch (type.code) {
    case 'b':
      return bytes[0] !== 0;
    case 'y':
      return bytes.readUInt8(0);
    case 'n':
      return bytes.readInt16LE(0);
    case 'q':
      return bytes.readUInt16LE(0);
    case 'i':
      return bytes.readInt32LE(0);
    case 'u':
    case 'h':
      return bytes.readUInt32LE(0);
    case 'x':
      return bytes.readBigInt64LE(0);
    case 't':
      return bytes.readBigUInt64LE(0);
    case 'd':
      return bytes.readDoubleLE(0);
    case 's':
    case 'o':
    case 'g':
      return text(bytes);
    case 'v': {
      const split = bytes.lastIndexOf(0);
      if (split < 0) throw new RangeError('variant without a type');
      const inner = bytes.toString('latin1', split + 1);
      return new Variant(inner, decode(parse(inner), bytes.subarray(0, split), depth + 1));
    }
    case 'm':
      return bytes.length === 0 ? null : decode(child(type), child(type).fixed > 0 ? bytes : bytes.subarray(0, -1), depth + 1);
    case 'a':
      return decodeArray(type, bytes, depth + 1);
    default:
      return decodeTuple(type, bytes, depth + 1);
  }
}

const child = (type: Type): Type => type.children[0] as Type;

function decodeArray(type: Type, bytes: Buffer, depth: number): VariantValue {
  const element = child(type);
  if (element.code === 'y') return Buffer.from(bytes);
  const items: VariantValue[] = [];
  if (element.fixed > 0) {
    for (let at = 0; at + element.fixed <= bytes.length; at += element.fixed)
      items.push(decode(element, bytes.subarray(at, at + element.fixed), depth));
  } else if (bytes.length > 0) {
    const size = offsetSize(bytes.length);
    const table = readOffset(bytes, bytes.length - size, size);
    if (table > bytes.length - size) throw new RangeError('an array ends outside of itself');
    let start = 0;
    for (let at = table; at < bytes.length; at += size) {
      if (at + size > bytes.length) throw new RangeError('an array’s table of ends is cut');
      const end = readOffset(bytes, at, size);
      items.push(decode(element, part(bytes, align(start, element.alignment), end, table), depth));
      start = end;
    }
  }
  if (element.code === '{' && 'sog'.includes(child(element).code)) return new Map(items as unknown as [string, VariantValue][]);
  return items;
}

/** A string ends with its first NUL, which a normal form has at its end only. */
function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? Math.max(0, bytes.length - 1) : end);
}

/** Bytes of a part, which begins where the one before ended or later, and ends before the table of ends. */
function part(bytes: Buffer, start: number, end: number, limit: number): Buffer {
  if (start > end || end > limit) throw new RangeError('a part of a GVariant lies outside of its place');
  return bytes.subarray(start, end);
}

function decodeTuple(type: Type, bytes: Buffer, depth: number): VariantValue[] {
  const size = offsetSize(bytes.length);
  const items: VariantValue[] = [];
  let at = 0;
  let offsets = 0;
  const tabled = type.children.filter((member, i) => member.fixed === 0 && i < type.children.length - 1).length;
  const limit = bytes.length - tabled * size;
  type.children.forEach((member, i) => {
    at = align(at, member.alignment);
    let end: number;
    if (member.fixed > 0) end = at + member.fixed;
    else if (i === type.children.length - 1) end = bytes.length - offsets * size;
    else end = readOffset(bytes, bytes.length - ++offsets * size, size);
    items.push(decode(member, part(bytes, at, end, limit), depth));
    at = end;
  });
  return items;
}

/** Serialise a value of the given type in normal form. Throws TypeError naming the type when the value doesn't fit. */
export function encodeVariant(type: string, value: unknown, order: ByteOrder = 'little'): Buffer {
  return encode(parse(type), value, order);
}

function encode(type: Type, value: unknown, order: ByteOrder): Buffer {
  switch (type.code) {
    case 's':
    case 'o':
    case 'g': {
      if (typeof value !== 'string' || value.includes('\0')) throw new TypeError(`not a string without NUL for '${type.text}'`);
      return Buffer.from(`${value}\0`, 'utf8');
    }
    case 'v': {
      if (!(value instanceof Variant)) throw new TypeError("'v' needs a Variant");
      return Buffer.concat([
        encode(parse(value.type), value.value, order === 'network' ? order : value.order),
        Buffer.from(`\0${value.type}`, 'latin1'),
      ]);
    }
    case 'm':
      return value === null || value === undefined
        ? Buffer.alloc(0)
        : Buffer.concat(child(type).fixed > 0 ? [encode(child(type), value, order)] : [encode(child(type), value, order), Buffer.alloc(1)]);
    case 'a':
      return encodeArray(type, value, order);
    case '(':
    case '{':
      return encodeContainer(type.children, value as unknown[], type, false, order);
    default:
      return order === 'network' ? encodeNumber(type, value).reverse() : encodeNumber(type, value);
  }
}

function encodeNumber(type: Type, value: unknown): Buffer {
  const out = Buffer.alloc(type.fixed);
  const number = Number(value);
  if (Number.isNaN(number)) throw new TypeError(`not a number for '${type.text}'`);
  switch (type.code) {
    case 'b':
      out[0] = value ? 1 : 0;
      break;
    case 'y':
      out.writeUInt8(number);
      break;
    case 'n':
      out.writeInt16LE(number);
      break;
    case 'q':
      out.writeUInt16LE(number);
      break;
    case 'i':
      out.writeInt32LE(number);
      break;
    case 'u':
    case 'h':
      out.writeUInt32LE(number);
      break;
    case 'x':
      out.writeBigInt64LE(BigInt(value as number));
      break;
    case 't':
      out.writeBigUInt64LE(BigInt(value as number));
      break;
    default:
      out.writeDoubleLE(number);
  }
  return out;
}

function encodeArray(type: Type, value: unknown, order: ByteOrder): Buffer {
  const element = child(type);
  if (element.code === 'y') return Buffer.from(value as Uint8Array);
  const items = [...(value as Iterable<unknown>)];
  return encodeContainer(
    items.map(() => element),
    items,
    type,
    true,
    order,
  );
}

function encodeContainer(types: readonly Type[], values: readonly unknown[], type: Type, array: boolean, order: ByteOrder): Buffer {
  if (!Array.isArray(values) || values.length !== types.length) throw new TypeError(`'${type.text}' needs ${types.length} members`);
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let at = 0;
  types.forEach((member, i) => {
    const padding = align(at, member.alignment) - at;
    const part = encode(member, values[i], order);
    parts.push(Buffer.alloc(padding), part);
    at += padding + part.length;
    if (member.fixed === 0 && (array || i < types.length - 1)) ends.push(at);
  });
  if (!array && type.fixed > 0) return Buffer.concat([...parts, Buffer.alloc(type.fixed - at)]);
  if (ends.length === 0) return Buffer.concat(parts);
  let size: 1 | 2 | 4 = 1;
  while (size < 4 && at + ends.length * size > (size === 1 ? 0xff : 0xffff)) size = size === 1 ? 2 : 4;
  const table = Buffer.alloc(ends.length * size);
  // arrays list their ends in order, tuples in reverse
  (array ? ends : ends.reverse()).forEach((end, i) => table.writeUIntLE(end, i * size, size));
  return Buffer.concat([...parts, table]);
}
