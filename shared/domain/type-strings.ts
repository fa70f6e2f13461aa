// SPDX-License-Identifier: LGPL-2.1-or-later
/** Type strings of D-Bus and GVariant (D-Bus specification, "Type System"; GVariant format strings) as types of TypeScript, worked out by the compiler. */

/** What they leave open: how a decoder gives variants, bytes (`ay`) and dictionaries. */
export interface Decoding {
  readonly variant: unknown;
  readonly bytes: unknown;
  readonly dictionary: 'map' | 'record';
}

interface Basic<D extends Decoding> {
  readonly s: string;
  readonly o: string;
  readonly g: string;
  readonly b: boolean;
  readonly y: number;
  readonly n: number;
  readonly q: number;
  readonly i: number;
  readonly u: number;
  readonly h: number;
  readonly x: bigint;
  readonly t: bigint;
  readonly d: number;
  readonly v: D['variant'];
}

type Dictionary<V, D extends Decoding> = D['dictionary'] extends 'map' ? ReadonlyMap<string, V> : Readonly<Record<string, V>>;

/** The first complete type of a text: its value and what follows it. */
type First<S extends string, D extends Decoding> = S extends `a{${'s' | 'o' | 'g'}${infer Rest}`
  ? First<Rest, D> extends [infer V, `}${infer After}`]
    ? [Dictionary<V, D>, After]
    : never
  : S extends `ay${infer After}`
    ? [D['bytes'], After]
    : S extends `a${infer Rest}`
      ? First<Rest, D> extends [infer V, infer After]
        ? [readonly V[], After]
        : never
      : S extends `(${infer Rest}`
        ? Members<Rest, D, []>
        : S extends `${infer Code}${infer After}`
          ? Code extends keyof Basic<D>
            ? [Basic<D>[Code], After]
            : never
          : never;

type Members<S extends string, D extends Decoding, Done extends readonly unknown[]> = S extends `)${infer After}`
  ? [Readonly<Done>, After]
  : First<S, D> extends [infer V, infer After extends string]
    ? Members<After, D, [...Done, V]>
    : never;

/** The value of one complete type, `a{sv}` for example; never for a text that is none. */
export type Decoded<S extends string, D extends Decoding> = First<S, D> extends [infer V, ''] ? V : never;
