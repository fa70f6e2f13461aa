// SPDX-License-Identifier: LGPL-2.1-or-later
import type { objectManagerInterface, standardInterfaces } from './freedesktop.ts';
import type { osExperimentalInterface, osInterface, sysrootInterface } from './rpmostree1.ts';
import type { Gives, MethodOf, Takes } from './table.ts';
import type { treelineOsInterface, treelineSysrootInterface } from './treeline1.ts';

/** Everything that the service has on the bus; the socket of a job is beside it. */
export type Served =
  | (typeof standardInterfaces)[number]
  | typeof objectManagerInterface
  | typeof sysrootInterface
  | typeof treelineSysrootInterface
  | typeof osInterface
  | typeof osExperimentalInterface
  | typeof treelineOsInterface;

/** Interface -> method -> what answers it, with the types of its row. What has none is refused as not supported. */
export type HandlersFor<Call> = {
  readonly [I in Served as I['name']]?: {
    readonly [M in MethodOf<I>]?: (call: Call & { readonly args: Takes<I, M> }) => Gives<I, M> | Promise<Gives<I, M>>;
  };
};
