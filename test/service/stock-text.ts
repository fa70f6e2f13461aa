// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  bind,
  bindChecked,
  Ptr,
  unexpected,
  Variant as GlibVariant,
  variantValue,
  type VariantValue,
} from '../../main/native/core/index.ts';
import { Variant } from '../../shared/dbus/index.ts';
import { recording } from './recording.ts';

/** A recorded line: `tag` is what stands before the arguments, which GLib itself read. */
export interface StockLine {
  readonly file: string;
  readonly tag: string;
  readonly type: string;
  readonly value: VariantValue;
}

const parse = bindChecked('glib', 'g_variant_parse', Ptr, [Ptr, 'str', Ptr, Ptr], unexpected);
const typeString = bind('glib', 'g_variant_get_type_string', 'str', [Ptr]);
const files = ['peer-session', 'pkgchange', 'rollback', 'updatedeployment', 'upgrade'].map((name) => `transaction-${name}.txt`);

/** All lines of the recordings that aren't cut. The recorder left out the middle of long package lists. */
export function stockLines(): StockLine[] {
  return files.flatMap((file) =>
    recording(file)
      .split('\n')
      .flatMap((line) => {
        const begin = line.indexOf('(');
        const text = line.slice(begin).replaceAll("('...',)", '');
        if (begin < 0) return [];
        try {
          const variant = parse(null, text, null, null);
          return [{ file, tag: line.slice(0, begin).trim(), type: String(typeString(variant as never)), value: variantValue(variant) }];
        } catch {
          return [];
        }
      }),
  );
}

/** The type of a value; dictionaries with their keys, lists of variants with each of them. */
export type Shape = string | readonly Shape[] | { readonly [key: string]: Shape };

/** The shape of GLib's reading of a recording. */
export function shapeOfStock(type: string, value: VariantValue): Shape {
  if (value instanceof GlibVariant) return shapeOfStock(value.type, value.value);
  if (type === 'a{sv}')
    return Object.fromEntries([...(value as Map<string, GlibVariant>)].map(([key, each]) => [key, shapeOfStock('v', each)]));
  if (type === 'aa{sv}') return (value as VariantValue[]).map((each) => shapeOfStock('a{sv}', each));
  if (type === 'av') return (value as VariantValue[]).map((each) => shapeOfStock('v', each));
  return type;
}

/** The same of what our service sent. */
export function shapeOfOurs(type: string, value: unknown): Shape {
  if (value instanceof Variant) return shapeOfOurs(value.signature, value.value);
  if (type === 'a{sv}') return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, shapeOfOurs('v', each)]));
  if (type === 'aa{sv}') return (value as unknown[]).map((each) => shapeOfOurs('a{sv}', each));
  if (type === 'av') return (value as unknown[]).map((each) => shapeOfOurs('v', each));
  return type;
}
