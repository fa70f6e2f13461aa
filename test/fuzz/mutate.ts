// SPDX-License-Identifier: LGPL-2.1-or-later
/** Numbers below a bound, the same for the same seed (mulberry32). */
export type Random = (below: number) => number;

export function generator(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** Lengths and offsets are where decoders go wrong. */
const interesting = [0, 1, 7, 8, 9, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const words = [
  '=',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '\\',
  '\n',
  '\r\n',
  '\t',
  '\0',
  ' ',
  '#',
  ';',
  ':',
  ',',
  '&a',
  '*a',
  '<<',
  '${',
  '../',
  '\ufeff',
  '\u202e',
  '\xff',
];
const largestInput = 1 << 16;

/** A new input out of one or two of the pool. Never changes those. */
export function mutate(pool: readonly Uint8Array[], random: Random): Buffer {
  const pick = (): Uint8Array => pool[random(pool.length)] ?? new Uint8Array();
  let bytes: Buffer = Buffer.from(pick());
  for (let i = 0; i <= random(6); i++) bytes = step(bytes, pick, random);
  return bytes.subarray(0, largestInput);
}

function step(bytes: Buffer, pick: () => Uint8Array, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const cut = (to: number, insert: Uint8Array = new Uint8Array()): Buffer =>
    Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(to)]);
  switch (random(9)) {
    case 0:
      return set(bytes, at, random(256));
    case 1:
      return set(bytes, at, (bytes[at] ?? 0) ^ (1 << random(8)));
    case 2:
      return cut(Math.min(bytes.length, at + 1 + random(16)));
    case 3:
      return cut(at, Buffer.from(Array.from({ length: 1 + random(8) }, () => random(256))));
    case 4:
      return cut(at, Buffer.from(words[random(words.length)] ?? '', random(2) === 0 ? 'utf8' : 'latin1'));
    case 5: {
      // repeat a part: nesting, long lists
      const part = bytes.subarray(at, at + 1 + random(32));
      return cut(at, Buffer.concat(Array.from({ length: 1 + random(random(8) === 0 ? 400 : 6) }, () => part)));
    }
    case 6: {
      const other = pick();
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
    }
    case 7:
      return bytes.subarray(0, at);
    default: {
      const value = interesting[random(interesting.length)] ?? 0;
      const width = [1, 2, 4][random(3)] ?? 1;
      if (at + width > bytes.length) return bytes;
      const copy = Buffer.from(bytes);
      const fits = value % 2 ** (8 * width);
      if (random(2) === 0) copy.writeUIntLE(fits, at, width);
      else copy.writeUIntBE(fits, at, width);
      return copy;
    }
  }
}

function set(bytes: Buffer, at: number, value: number): Buffer {
  if (at >= bytes.length) return bytes;
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}
