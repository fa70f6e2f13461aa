// SPDX-License-Identifier: LGPL-2.1-or-later
/** What D-Bus signatures mean in TypeScript, worked out by the compiler: the tables' texts are the only place where a type is written down. */
import type { Decoded } from '../domain/index.ts';
import type { JsonOf } from '../domain/schemas/index.ts';
import type { Variant } from './wire/variant.ts';

/** As decode.ts gives them and encode.ts takes them. */
type OnTheWire = {
  readonly variant: Variant;
  readonly bytes: Uint8Array;
  readonly dictionary: 'record';
};

/** The value of one complete type, `a{sv}` for example. */
export type ValueOf<S extends string> = Decoded<S, OnTheWire>;

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
