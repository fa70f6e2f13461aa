// SPDX-License-Identifier: LGPL-2.1-or-later
/** The nearest known word by edit distance, if it is near enough to be a slip. */
export function nearestKey(unknown: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(unknown.length / 3)) + 1;
  for (const candidate of known) {
    // longer by more than that can't be nearer
    if (Math.abs(candidate.length - unknown.length) >= bestDistance) continue;
    const distance = editDistance(unknown.toLowerCase(), candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `Did you mean “x”?`, or '' when nothing is near. */
export function didYouMean(unknown: string, known: Iterable<string>): string {
  const near = nearestKey(unknown, known);
  return near === undefined ? '' : `Did you mean “${near}”?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
