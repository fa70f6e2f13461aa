// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RemoteRef } from '../../../shared/domain/index.ts';

/** Own branch first, then those of the same variant, then the rest; by name within. */
export function sortBranches(refs: readonly RemoteRef[]): readonly RemoteRef[] {
  const rank = ({ current, related }: RemoteRef): number => (current ? 0 : related ? 1 : 2);
  return [...refs].sort((a, b) => rank(a) - rank(b) || (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0));
}

/** What one most likely came for: the first of the same variant that isn't the own branch, else the first. */
export function likelyBranch(refs: readonly RemoteRef[]): string | undefined {
  const sorted = sortBranches(refs);
  return (sorted.find(({ current, related }) => related && !current) ?? sorted[0])?.ref;
}
