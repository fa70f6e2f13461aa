// SPDX-License-Identifier: LGPL-2.1-or-later
import { Variant } from '../../shared/dbus/index.ts';
import type { CommitMeta, MetaValue } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { hasShape } from '../files/index.ts';

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

/** Throws internal.protocol where the value isn't of the type that came with it. */
function convert(type: string, value: unknown): unknown {
  if (type === 'v' && isMetaValue(value)) return variantOf(value);
  if ((type === 'x' || type === 't') && (typeof value === 'number' || typeof value === 'string')) return BigInt(value);
  if (type === 'ay' && typeof value === 'string') return Buffer.from(value, 'base64');
  if (type.startsWith('a{') && typeof value === 'object' && value !== null) {
    const [, valueType = ''] = members(type.slice(2, -1));
    const entries: [unknown, unknown][] = Array.isArray(value) ? value.map(pairOf) : Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [String(key), convert(valueType, item)]));
  }
  if (type.startsWith('a') && Array.isArray(value)) return value.map((item) => convert(type.slice(1), item));
  if (type.startsWith('(') && Array.isArray(value)) return members(type.slice(1, -1)).map((member, i) => convert(member, value[i]));
  if (/^[vxta({]/.test(type)) throw mismatch(type);
  return value;
}

const isMetaValue = (value: unknown): value is MetaValue => hasShape(value, { type: 'string' }) && 'value' in value;

function pairOf(entry: unknown): [unknown, unknown] {
  if (!Array.isArray(entry)) throw mismatch('a{}');
  return [entry[0], entry[1]];
}

const mismatch = (type: string): TreelineError =>
  new TreelineError('internal.protocol', { detail: `metadata that isn’t of its type ${type}` });

/** The complete types that a signature is made of. */
function members(signature: string): string[] {
  const found: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < signature.length; at++) {
    const char = signature.charAt(at);
    if ('({'.includes(char)) depth += 1;
    if (')}'.includes(char)) depth -= 1;
    if (depth > 0 || char === 'a') continue;
    found.push(signature.slice(start, at + 1));
    start = at + 1;
  }
  return found;
}
