// SPDX-License-Identifier: LGPL-2.1-or-later
import type { z } from 'zod';

type Deep<T> = T extends string | number | boolean | null | undefined
  ? T
  : unknown extends T
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Deep<Item>[]
      : { readonly [K in keyof T]: Deep<T[K]> };

/** The type of what a schema lets through, readonly in depth: nobody changes what was told. */
export type Infer<S extends z.ZodType> = Deep<z.infer<S>>;
