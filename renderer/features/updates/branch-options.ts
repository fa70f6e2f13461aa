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

/** How many branches a list shows at once: with thousands a window would stand still while it opens. */
export const mostBranches = 200;

/** Those that hold all words of `query`, in order, as many as a list shows and the chosen one among them; and how many there are. */
export function findBranches(
  refs: readonly RemoteRef[],
  query: string,
  chosen: string,
): { readonly shown: readonly RemoteRef[]; readonly found: number } {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = sortBranches(refs).filter(({ ref, version }) => {
    const text = `${ref} ${version}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const shown = matches.slice(0, mostBranches);
  const own = shown.some(({ ref }) => ref === chosen) ? undefined : refs.find(({ ref }) => ref === chosen);
  return { shown: own ? [own, ...shown] : shown, found: matches.length };
}
