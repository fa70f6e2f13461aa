// SPDX-License-Identifier: LGPL-2.1-or-later
import { bind } from '../core/index.ts';

/** Since 2017.4: TRUE when the library at hand is this release or a later one (ostree-version.h). */
const isAtLeast = bind('ostree', 'ostree_check_version', 'int', ['uint', 'uint']);

/**
 * What libostree does otherwise than before, by the first release that does: everything in Treeline that depends on libostree's release asks
 * here. ARCHITECTURE.md ("Other systems") has the table.
 */
const since = {
  /** The merge of /etc passes over pipes and sockets also in a directory that is copied as a whole (ostreedev/ostree#3143). */
  mergePassesOverPipes: [2024, 2],
} as const satisfies Record<string, readonly [year: number, release: number]>;

/** Whether the installed libostree does it. */
export const libostreeDoes = (what: keyof typeof since): boolean => isAtLeast(...since[what]) !== 0;
