// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, nonNull, Ptr, type Pointer } from './bind.ts';
import { Handle } from './handle.ts';
import { decodeVariant, encodeVariant, type VariantValue } from './gvariant-format.ts';

const typeString = bind('glib', 'g_variant_get_type_string', 'str', [Ptr]);
const size = bind('glib', 'g_variant_get_size', 'size_t', [Ptr]);
const data = bind('glib', 'g_variant_get_data', Ptr, [Ptr]);
const fromBytes = bind('glib', 'g_variant_new_from_bytes', Ptr, [Ptr, Ptr, 'int']);
const newType = bind('glib', 'g_variant_type_new', Ptr, ['str']);
const freeType = bind('glib', 'g_variant_type_free', 'void', [Ptr]);
const newBytes = bind('glib', 'g_bytes_new', Ptr, [Ptr, 'size_t']);
const unrefBytes = bind('glib', 'g_bytes_unref', 'void', [Ptr]);
const refSink = bind('glib', 'g_variant_ref_sink', Ptr, [Ptr]);
const isNormal = bind('glib', 'g_variant_is_normal_form', 'int', [Ptr]);
export const variantUnref = bind('glib', 'g_variant_unref', 'void', [Ptr]);

/** The serialised bytes of a GVariant, copied. */
export function variantBytes(variant: unknown): Buffer {
  const pointer = nonNull(variant, 'GVariant');
  const length = Number(size(pointer));
  if (length === 0) return Buffer.alloc(0);
  return Buffer.from(koffi.decode(data(pointer) as bigint, koffi.array('uint8_t', length, 'Typed')) as Uint8Array);
}

/** A whole GVariant as JavaScript values (see gvariant-format.ts for the mapping). One copy, no call per element. */
export function variantValue(variant: unknown): VariantValue {
  const pointer = nonNull(variant, 'GVariant');
  return decodeVariant(String(typeString(pointer)), variantBytes(pointer));
}

/** A new GVariant from JavaScript values; `type` is a complete type string. */
export function newVariant(type: string, value: unknown): Handle<'GVariant'> {
  // our encoder writes normal form, a test compares it with GLib's own
  return wrap(type, encodeVariant(type, value), true);
}

/** Whether these bytes are a whole GVariant of that type (g_variant_is_normal_form). */
export function isWholeVariant(type: string, bytes: Buffer): boolean {
  using variant = wrap(type, bytes, false);
  return isNormal(variant.pointer) !== 0;
}

function wrap(type: string, encoded: Buffer, trusted: boolean): Handle<'GVariant'> {
  const bytes = newBytes(encoded.length > 0 ? encoded : null, encoded.length);
  const variantType = newType(type);
  try {
    return new Handle<'GVariant'>(
      refSink(fromBytes(variantType as Pointer, bytes as Pointer, Number(trusted)) as Pointer),
      `GVariant ${type}`,
      variantUnref,
    );
  } finally {
    freeType(variantType as Pointer);
    unrefBytes(bytes as Pointer);
  }
}
