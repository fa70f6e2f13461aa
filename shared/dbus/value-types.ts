// SPDX-License-Identifier: LGPL-2.1-or-later
/** What D-Bus signatures mean in TypeScript, worked out by the compiler: the tables' texts are the only place where a type is written down. */
import type { JsonOf } from '../domain/schemas/index.ts';
import type { Variant } from './wire/variant.ts';

/** Values as decode.ts gives them and encode.ts takes them. */
interface Basic {
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
  readonly v: Variant;
}

/** The first complete type of a signature: its value and what follows it. */
type First<S extends string> = S extends `a{${infer Key}${infer Rest}`
  ? Key extends 's' | 'o'
    ? First<Rest> extends [infer V, `}${infer After}`]
      ? [Readonly<Record<string, V>>, After]
      : never
    : never
  : S extends `ay${infer After}`
    ? [Uint8Array, After]
    : S extends `a${infer Rest}`
      ? First<Rest> extends [infer V, infer After]
        ? [readonly V[], After]
        : never
      : S extends `(${infer Rest}`
        ? Members<Rest, []>
        : S extends `${infer Code}${infer After}`
          ? Code extends keyof Basic
            ? [Basic[Code], After]
            : never
          : never;

type Members<S extends string, Done extends readonly unknown[]> = S extends `)${infer After}`
  ? [Readonly<Done>, After]
  : First<S> extends [infer V, infer After extends string]
    ? Members<After, [...Done, V]>
    : never;

/** The value of one complete type, `a{sv}` for example. */
export type ValueOf<S extends string> = First<S> extends [infer V, ''] ? V : never;

type ListOf<Text extends string, Done extends readonly unknown[]> = Text extends `${infer Head}, ${infer Tail}`
  ? ListOf<Tail, [...Done, ArgOf<Head>]>
  : [...Done, ArgOf<Text>];
type ArgOf<Text extends string> = Text extends `${infer Type} ${string}` ? Told<Type> : never;

/** What a table's text names: a D-Bus type, or what a JSON document in a text holds (shared/domain/schemas): `UpdateDetails`, `Remote[]`, `WhatsNew?`. */
export type Told<Type extends string> = [JsonOf<Type>] extends [never] ? ValueOf<Type> : JsonOf<Type>;

/** The values of `'s deployment_id, b pinned'`: `readonly [string, boolean]`. Of `'UpdateDetails json'`: `readonly [UpdateDetails]`. */
export type ArgsOf<Text extends string> = string extends Text
  ? readonly unknown[]
  : Text extends ''
    ? readonly []
    : Readonly<ListOf<Text, []>>;
