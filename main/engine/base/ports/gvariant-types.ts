// SPDX-License-Identifier: LGPL-2.1-or-later
/** What GVariant types mean in TypeScript, worked out by the compiler: as native/core/gvariant-format.ts decodes them. */

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
  readonly v: VariantPort;
}

/** A value with its type. */
export interface VariantPort {
  readonly type: string;
  readonly value: unknown;
}

/** The first complete type of a text: its value and what follows it. */
type First<S extends string> = S extends `a{${'s' | 'o' | 'g'}${infer Rest}`
  ? First<Rest> extends [infer V, `}${infer After}`]
    ? [ReadonlyMap<string, V>, After]
    : never
  : S extends `ay${infer After}`
    ? [Buffer, After]
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

/** The value of one complete type, `a{sv}` for example; of one that isn't known before the program runs nothing is known. */
export type GVariantOf<S extends string> = string extends S ? unknown : First<S> extends [infer V, ''] ? V : never;

/** Metadata objects of a repository (ostree-core.h: OSTREE_TREE_GVARIANT_FORMAT, OSTREE_DIRMETA_GVARIANT_FORMAT). The numbers of a dirmeta are big-endian. */
export interface MetadataObjects {
  /** Names and content checksums of files; names, dirtree and dirmeta checksums of directories. */
  readonly dirtree: GVariantOf<'(a(say)a(sayay))'>;
  /** Owner, group, mode, extended attributes. */
  readonly dirmeta: GVariantOf<'(uuua(ayay))'>;
}
export type Dirtree = MetadataObjects['dirtree'];
