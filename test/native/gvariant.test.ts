// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import {
  bind,
  bindChecked,
  isWholeVariant,
  newVariant,
  ownedStr,
  Ptr,
  unexpected,
  variantBytes,
  variantValue,
  Variant,
} from '../../main/native/core/index.ts';

const print = (v: unknown): string => bind('glib', 'g_variant_print', ownedStr(), [Ptr, 'int'])(v as never, 1) as string;
const parse = bindChecked('glib', 'g_variant_parse', Ptr, [Ptr, 'str', Ptr, Ptr], unexpected);

/** GLib's own text form on the left; both directions are compared with GLib. */
test.each([
  ["{'version': <'43.1'>, 'n': <@t 18446744073709551615>, 'list': <[('a', '0', '1.0', '1', 'noarch')]>}", 'a{sv}'],
  ["[('kernel', uint32 2, {'PreviousPackage': <('kernel', '1-1', 'x86_64')>})]", 'a(sua{sv})'],
  [
    "(true, byte 0x05, int16 -3, uint16 7, -5, uint32 9, int64 -11, 2.5, 'x', @ay [0x01, 0x02], @ms 'yes', @mi nothing)",
    '(bynqiuxdsaymsmi)',
  ],
  ["@aa{sv} [{}, {'x': <1>}]", 'aa{sv}'],
  ['@a{sv} {}', 'a{sv}'],
  ["[('', uint64 1, 'long')]", 'a(sts)'],
])('%s decodes and encodes like GLib', (text, type) => {
  const variant = parse(null, text, null, null);
  const value = variantValue(variant);
  using back = newVariant(type, value);
  expect(print(back.pointer)).toBe(print(variant));
  expect(variantBytes(back.pointer).equals(variantBytes(variant))).toBe(true);
});

test('network order is what GLib’s byteswap makes of the machine’s', () => {
  const byteswap = bind('glib', 'g_variant_byteswap', Ptr, [Ptr]);
  const text =
    "{'t': <@t 1795600620>, 'x': <@x -7>, 'u': <@u 3>, 'i': <-5>, 'n': <@n -2>, 'q': <@q 9>, 'd': <7.25>, 'b': <true>, 'y': <byte 0x12>, 's': <'x'>, 'ay': <b'ab'>, 'row': <[('id', uint32 1, uint32 4, ['p'], {'deep': <[<uint64 5>]>})]>, 'maybe': <@mt 6>}";
  const variant = parse(null, text, null, null);
  const wanted = byteswap(variant as never);
  const entries = [...(variantValue(variant) as unknown as Map<string, Variant>)];
  using ours = newVariant('a{sv}', new Map(entries.map(([key, { type, value }]) => [key, new Variant(type, value, 'network')])));
  expect(print(ours.pointer)).toBe(print(wanted));
  expect(variantBytes(ours.pointer).equals(variantBytes(wanted))).toBe(true);
});

test('large arrays use wider offsets', () => {
  const rows = Array.from({ length: 9000 }, (_, i) => [`package-${i}`, new Variant('s', 'v'.repeat(i % 40))]);
  using variant = newVariant('a(sv)', rows);
  expect((variantValue(variant.pointer) as unknown[]).length).toBe(9000);
  expect(bind('glib', 'g_variant_is_normal_form', 'int', [Ptr])(variant.pointer)).toBe(1);
});

test('bytes that are cut off, zeros or something else are told from a whole value', () => {
  using signatures = newVariant('a{sv}', new Map([['ostree.gpgsigs', new Variant('aay', [Buffer.alloc(300, 7)])]]));
  const whole = variantBytes(signatures.pointer);
  expect(isWholeVariant('a{sv}', whole)).toBe(true);
  for (const length of [1, 10, whole.length / 2, whole.length - 1]) {
    expect(isWholeVariant('a{sv}', whole.subarray(0, Math.floor(length)))).toBe(false);
  }
  expect(isWholeVariant('a{sv}', Buffer.alloc(whole.length))).toBe(false);
  expect(isWholeVariant('a{sv}', Buffer.alloc(whole.length, 0xa5))).toBe(false);
});
