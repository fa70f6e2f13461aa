// SPDX-License-Identifier: LGPL-2.1-or-later
import { Variant } from '../../shared/dbus/index.ts';
import type { CommitMeta, MetaValue } from '../../shared/domain/index.ts';

/** Metadata of a commit as a{sv}. What D-Bus has no type for (maybe values) is left out. */
export function metaDict(meta: CommitMeta): Record<string, Variant> {
  return Object.fromEntries(
    Object.entries(meta)
      .filter(([, { type }]) => !type.includes('m'))
      .map(([key, value]) => [key, variantOf(value)]),
  );
}

export function variantOf({ type, value }: MetaValue): Variant {
  return new Variant(type, convert(type, value));
}

function convert(type: string, value: unknown): unknown {
  if (type === 'v') return variantOf(value as MetaValue);
  if (type === 'x' || type === 't') return BigInt(value as number | string);
  if (type === 'ay') return Buffer.from(value as string, 'base64');
  if (type.startsWith('a{')) {
    const [, valueType] = members(type.slice(2, -1)) as [string, string];
    const entries = Array.isArray(value) ? (value as [unknown, unknown][]) : Object.entries(value as object);
    return Object.fromEntries(entries.map(([key, item]) => [String(key), convert(valueType, item)]));
  }
  if (type.startsWith('a')) return (value as unknown[]).map((item) => convert(type.slice(1), item));
  if (type.startsWith('(')) return members(type.slice(1, -1)).map((member, i) => convert(member, (value as unknown[])[i]));
  return value;
}

/** The complete types that a signature is made of. */
function members(signature: string): string[] {
  const found: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < signature.length; at++) {
    const char = signature[at] as string;
    if ('({'.includes(char)) depth += 1;
    if (')}'.includes(char)) depth -= 1;
    if (depth > 0 || char === 'a') continue;
    found.push(signature.slice(start, at + 1));
    start = at + 1;
  }
  return found;
}
