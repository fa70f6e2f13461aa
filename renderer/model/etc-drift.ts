// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EtcDifference } from '../../shared/domain/index.ts';

/** In the order in which they are told: what has a default first. */
export const driftKinds = ['modified', 'removed', 'added'] as const satisfies readonly EtcDifference['kind'][];
export type DriftFilter = 'all' | EtcDifference['kind'];

export function countDrift(entries: readonly EtcDifference[]): Readonly<Record<EtcDifference['kind'], number>> {
  const counts = { modified: 0, removed: 0, added: 0 };
  for (const { kind } of entries) counts[kind]++;
  return counts;
}

/** Those of a kind with all words somewhere in the path; by kind, by path within. */
export function driftRows(entries: readonly EtcDifference[], filter: DriftFilter, query: string): readonly EtcDifference[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return entries
    .filter(({ path, kind }) => (filter === 'all' || kind === filter) && words.every((word) => `/etc/${path}`.toLowerCase().includes(word)))
    .sort((a, b) => driftKinds.indexOf(a.kind) - driftKinds.indexOf(b.kind) || (a.path < b.path ? -1 : 1));
}

/** There is a default, and it may take this one's place. */
export const isRestorable = ({ kind, machinesOwn }: EtcDifference): boolean => kind !== 'added' && !machinesOwn;
