// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Checks of what was read as JSON: another version wrote it, or another program. By hand and not by a schema library, whose loading takes longer than the start of a
 * process that reads one such file may take.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Own fields of unknown values; a list is none. */
export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Kinds {
  readonly string: string;
  readonly number: number;
  /** Without a fraction, and exact. */
  readonly integer: number;
  readonly boolean: boolean;
  readonly strings: readonly string[];
}
type Kind = keyof Kinds;
/** Kind of each field that counts; with `?` it may be missing, but not be something else. */
type Shape = Readonly<Record<string, Kind | `${Kind}?`>>;
type ShapeValue<S extends Shape> = { readonly [F in keyof S as S[F] extends Kind ? F : never]: S[F] extends Kind ? Kinds[S[F]] : never } & {
  readonly [F in keyof S as S[F] extends Kind ? never : F]?: S[F] extends `${infer K extends Kind}?` ? Kinds[K] : never;
};

const isOfKind = (value: unknown, kind: string): boolean => {
  switch (kind) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'strings':
      return isStrings(value);
    default:
      return typeof value === kind;
  }
};

export const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Whether a value is an object with these fields, e.g. `{ at: 'integer', by: 'string', subject: 'string?' }`. What else it has is let through. */
export function hasShape<const S extends Shape>(value: unknown, shape: S): value is ShapeValue<S> & JsonObject {
  if (!isObject(value)) return false;
  return Object.entries(shape).every(([field, kind]) => {
    const found = Object.hasOwn(value, field) ? value[field] : undefined;
    return (found === undefined && kind.endsWith('?')) || isOfKind(found, kind.replace('?', ''));
  });
}

/** Whether a table has a row of this name: of its own, whatever a file or a peer called it. */
export const isKeyOf = <T extends object>(table: T, name: PropertyKey): name is keyof T => Object.hasOwn(table, name);

/** The fields that are known: what isn't known has no key. */
export function knownFields<T extends object>(fields: T): Partial<T> {
  const known: Partial<T> = {};
  for (const name in fields) if (fields[name] !== undefined) known[name] = fields[name];
  return known;
}
