// SPDX-License-Identifier: LGPL-2.1-or-later
import { DbusFormatError } from './format-error.ts';

/** One complete type of a signature. */
export type WireType =
  | { readonly code: BasicCode | 'v' }
  | { readonly code: 'a'; readonly element: WireType }
  | { readonly code: '('; readonly fields: readonly WireType[] }
  | { readonly code: '{'; readonly key: WireType; readonly value: WireType };

export type BasicCode = 'y' | 'b' | 'n' | 'q' | 'i' | 'u' | 'x' | 't' | 'd' | 's' | 'o' | 'g' | 'h';

const basicCodes = 'ybnqiuxtdsogh';

/** D-Bus specification, "Valid Signatures". */
const maxSignatureBytes = 255;
const maxArrayDepth = 32;
const maxStructDepth = 32;

/** Where a value of the type begins: a multiple of this many bytes (D-Bus specification, "Marshaling"). */
export const alignmentOf: Readonly<Record<WireType['code'], number>> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  h: 4,
  x: 8,
  t: 8,
  d: 8,
  '(': 8,
  '{': 8,
};

const known = new Map<string, readonly WireType[]>();
/** Signatures come from peers: they aren't kept without end. */
const mostKnown = 200;

/** The complete types of a signature. Throws DbusFormatError. */
export function parseSignature(signature: string): readonly WireType[] {
  const before = known.get(signature);
  if (before) return before;
  if (signature.length > maxSignatureBytes) throw new DbusFormatError('a signature of more than 255 bytes');
  const parser = new Parser(signature);
  const types: WireType[] = [];
  while (!parser.atEnd) types.push(parser.type(0, 0));
  if (known.size >= mostKnown) known.clear();
  known.set(signature, types);
  return types;
}

/** The type of a variant's signature, which holds exactly one. Throws DbusFormatError. */
export function parseSingleType(signature: string): WireType {
  const [type, ...more] = parseSignature(signature);
  if (!type || more.length > 0) throw new DbusFormatError(`“${signature}” isn’t one complete type`);
  return type;
}

const isSimple = (code: string): code is BasicCode | 'v' => code === 'v' || basicCodes.includes(code);

class Parser {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  type(arrays: number, structs: number, inArray = false): WireType {
    const code = this.text[this.at++];
    if (code === undefined) throw this.wrong('ends too early');
    if (isSimple(code)) return { code };
    if (code === 'a') {
      if (arrays >= maxArrayDepth) throw this.wrong('nests arrays too deeply');
      return { code, element: this.type(arrays + 1, structs, true) };
    }
    if (code !== '(' && code !== '{') throw this.wrong('holds an unknown type');
    if (structs >= maxStructDepth) throw this.wrong('nests structures too deeply');
    return code === '(' ? this.struct(arrays, structs + 1) : this.entry(arrays, structs + 1, inArray);
  }

  private struct(arrays: number, structs: number): WireType {
    const fields: WireType[] = [];
    while (this.text[this.at] !== ')') fields.push(this.type(arrays, structs));
    this.at += 1;
    // a value of no bytes: an array of them could be of any length
    if (fields.length === 0) throw this.wrong('holds an empty structure');
    return { code: '(', fields };
  }

  private entry(arrays: number, structs: number, inArray: boolean): WireType {
    if (!inArray) throw this.wrong('has a dictionary entry outside of an array');
    const key = this.type(arrays, structs);
    if (!basicCodes.includes(key.code)) throw this.wrong('has a dictionary key that isn’t a basic type');
    const value = this.type(arrays, structs);
    if (this.text[this.at++] !== '}') throw this.wrong('has a dictionary entry of more than two types');
    return { code: '{', key, value };
  }

  private wrong(what: string): DbusFormatError {
    return new DbusFormatError(`the signature “${this.text.replace(/[^ -~]/g, '?')}” ${what}`);
  }
}
