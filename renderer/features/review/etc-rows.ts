// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EtcEntry } from '../../../shared/domain/index.ts';

export type EtcFilter = 'all' | EtcEntry['kind'];

/** What needs a decision comes first. */
export const etcKinds = ['both-changed', 'vendor-applied', 'yours-kept', 'both-same'] as const satisfies readonly EtcEntry['kind'][];

export function countEtc(entries: readonly EtcEntry[]): Readonly<Record<EtcEntry['kind'], number>> {
  const counts = { 'both-changed': 0, 'vendor-applied': 0, 'yours-kept': 0, 'both-same': 0 };
  for (const { kind } of entries) counts[kind]++;
  return counts;
}

/** Filtered by kind and by words of the path; grouped by kind, by path within. */
export function etcRows(entries: readonly EtcEntry[], filter: EtcFilter, query: string): readonly EtcEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ path, kind }: EtcEntry): boolean =>
    (filter === 'all' || kind === filter) && words.every((word) => `etc/${path}`.toLowerCase().includes(word));
  return entries
    .filter(fits)
    .sort(
      (a, b) =>
        Number(!!b.problem) - Number(!!a.problem) ||
        etcKinds.indexOf(a.kind) - etcKinds.indexOf(b.kind) ||
        (a.path < b.path ? -1 : a.path > b.path ? 1 : 0),
    );
}
