// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChangelogEntry } from '../../../../shared/domain/index.ts';

const exact = (e: ChangelogEntry): string => `${e.timeSeconds}\0${e.author}\0${e.text}`;
const slot = (e: ChangelogEntry): string => `${e.timeSeconds}\0${e.author}`;

function countBy(entries: Iterable<ChangelogEntry>, key: (e: ChangelogEntry) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const e of entries) counts.set(key(e), (counts.get(key(e)) ?? 0) + 1);
  return counts;
}

/** Take one of a counted thing; false when none is left. */
function take(counts: Map<string, number>, key: string): boolean {
  const left = counts.get(key) ?? 0;
  if (left > 0) counts.set(key, left - 1);
  return left > 0;
}

/**
 * The entries of `after` that are news to somebody who has `before`, newest first. Dates alone don't tell: rpm dates entries
 * by day, two builds of a day share one. An entry is old when `before` has it word for word, or has one of the same day and
 * author that `after` lacks (a corrected text). When histories share nothing (rewritten), only later dates count.
 */
export function newChangelogEntries(before: readonly ChangelogEntry[], after: readonly ChangelogEntry[]): ChangelogEntry[] {
  if (before.length === 0) return newestFirst(after);
  const shared = sharedTail(before, after);
  // the usual case: the old changelog with something on top
  if (shared === before.length) return newestFirst(after.slice(0, after.length - shared));
  const newest = before.reduce((time, e) => Math.max(time, e.timeSeconds), -Infinity);
  const known = countBy(before, exact);
  // from the oldest up, here and below: of two equal entries of a day the upper one is new
  const isKnown = after.map(() => false);
  for (const [index, entry] of [...after.entries()].reverse()) isKnown[index] = take(known, exact(entry));
  const corrected = new Map<string, number>();
  for (const e of before) if (take(known, exact(e))) corrected.set(slot(e), (corrected.get(slot(e)) ?? 0) + 1);
  const firstShared = isKnown.indexOf(true);
  const fresh: { entry: ChangelogEntry; index: number }[] = [];
  for (const [index, entry] of [...after.entries()].reverse()) {
    if (!isKnown[index] && !take(corrected, slot(entry))) fresh.push({ entry, index });
  }
  const kept =
    firstShared >= 0 ? fresh.filter(({ entry, index }) => index < firstShared || entry.timeSeconds > newest) : laterThan(newest, fresh);
  return newestFirst(kept.sort((a, b) => a.index - b.index).map(({ entry }) => entry));
}

/** How many entries at the old end are the same, word for word. */
function sharedTail(before: readonly ChangelogEntry[], after: readonly ChangelogEntry[]): number {
  const most = Math.min(before.length, after.length);
  for (let count = 0; count < most; count++) {
    const a = before[before.length - 1 - count];
    const b = after[after.length - 1 - count];
    if (!a || !b || a.timeSeconds !== b.timeSeconds || a.text !== b.text || a.author !== b.author) return count;
  }
  return most;
}

function laterThan<T extends { entry: ChangelogEntry }>(newest: number, fresh: readonly T[]): T[] {
  const later = fresh.filter(({ entry }) => entry.timeSeconds > newest);
  return later.length > 0 ? later : fresh.filter(({ entry }) => entry.timeSeconds === newest);
}

/** Several lists in one, newest first, each entry once. */
export function joinChangelogs(lists: readonly (readonly ChangelogEntry[])[]): ChangelogEntry[] {
  const seen = new Map<string, ChangelogEntry>();
  for (const list of lists) for (const e of list) if (!seen.has(exact(e))) seen.set(exact(e), e);
  return newestFirst([...seen.values()]);
}

/** Sorting is stable: entries of one day keep their order. */
function newestFirst(entries: readonly ChangelogEntry[]): ChangelogEntry[] {
  return [...entries].sort((a, b) => b.timeSeconds - a.timeSeconds);
}
