// SPDX-License-Identifier: LGPL-2.1-or-later
/** What GVariant types mean in TypeScript, worked out by the compiler: as native/core/gvariant-format.ts decodes them. */
import type { Decoded } from '../../../../shared/domain/index.ts';

/** A value with its type. */
export interface VariantPort {
  readonly type: string;
  readonly value: unknown;
}

type AsDecoded = {
  readonly variant: VariantPort;
  readonly bytes: Buffer;
  readonly dictionary: 'map';
};

/** The value of one complete type, `a{sv}` for example; of one that isn't known before the program runs nothing is known. */
export type GVariantOf<S extends string> = string extends S ? unknown : Decoded<S, AsDecoded>;

/** Metadata objects of a repository (ostree-core.h: OSTREE_TREE_GVARIANT_FORMAT, OSTREE_DIRMETA_GVARIANT_FORMAT). The numbers of a dirmeta are big-endian. */
export interface MetadataObjects {
  /** Names and content checksums of files; names, dirtree and dirmeta checksums of directories. */
  readonly dirtree: GVariantOf<'(a(say)a(sayay))'>;
  /** Owner, group, mode, extended attributes. */
  readonly dirmeta: GVariantOf<'(uuua(ayay))'>;
}
export type Dirtree = MetadataObjects['dirtree'];
