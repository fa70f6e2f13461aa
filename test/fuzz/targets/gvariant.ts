// SPDX-License-Identifier: LGPL-2.1-or-later
import { decodeVariant, encodeVariant, Variant, type VariantValue } from '../../../main/native/core/gvariant-format.ts';
import { commitType } from '../../../main/native/ostree/commit.ts';
import { summaryType } from '../../../main/native/ostree/fetch-summary.ts';

const types = ['a{sv}', commitType, summaryType, 'a(ayay)', 'v', 'aas', '(asav)', 'a{oa{sv}}', 'aaay', 'mmv', '(yxsdbqa(tu))'];

const commit: readonly unknown[] = [
  new Map([['version', new Variant('s', '43.1')]]),
  Buffer.alloc(32, 1),
  [],
  'subject',
  '',
  1_790_000_000n,
  Buffer.alloc(32, 2),
  Buffer.alloc(32, 3),
];
const of = (index: number, value: unknown): Buffer => Buffer.concat([Buffer.from([index]), encodeVariant(types[index] ?? '', value)]);

/** First byte: which type; the rest: the bytes. */
export const seeds = [
  of(0, new Map([['a', new Variant('av', [new Variant('u', 1), new Variant('(ss)', ['x', 'y'])])]])),
  of(1, commit),
  of(2, [[['os/x86_64/stable', [7n, Buffer.alloc(32, 4), new Map([['ostree.commit.timestamp', new Variant('t', 5n)]])]]], new Map()]),
  of(3, [[Buffer.from('user.x\0'), Buffer.from('1')]]),
  of(4, new Variant('v', new Variant('v', new Variant('as', ['deep'])))),
  of(5, [['a', 'b'], [], ['c'.repeat(300)]]),
  of(10, [1, 2n, 'text', 1.5, true, 9, [[1n, 2]]]),
];

/** Values that some bytes may stand for: each takes at least a byte, but for the empty ones that containers hold. */
function count(value: VariantValue): number {
  if (value instanceof Variant) return 1 + count(value.value);
  if (value instanceof Map) return [...value.values()].reduce((sum: number, each) => sum + count(each), 1);
  return Array.isArray(value) ? value.reduce((sum: number, each) => sum + count(each), 1) : 1;
}

export function target(data: Uint8Array): void {
  const type = types[(data[0] ?? 0) % types.length] ?? 'v';
  const bytes = Buffer.from(data.subarray(1));
  let value: VariantValue;
  try {
    value = decodeVariant(type, bytes);
  } catch (error) {
    if ((error instanceof RangeError || error instanceof TypeError) && !/call stack/.test(error.message)) return;
    throw error;
  }
  // 128 levels of nesting around each byte at most
  if (count(value) > 128 * (bytes.length + 8)) throw new Error(`${bytes.length} bytes became ${count(value)} values of ${type}`);
  // what it was read as can be written, and is read as the same again: numbers that aren't any (NaN) apart
  const written = encodeVariant(type, value);
  const again = encodeVariant(type, decodeVariant(type, written));
  if (!again.equals(written)) throw new Error(`${type} is read again as something else`);
}
