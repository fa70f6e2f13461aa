// SPDX-License-Identifier: LGPL-2.1-or-later
const page = 10;

const steps: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: page,
  PageUp: -page,
  Home: -Infinity,
  End: Infinity,
};

/** The row that a step leads to, passing headings; the old one where there is none that way. */
export function stepOver(headings: readonly number[], count: number, from: number, step: number): number {
  const last = Math.max(0, Math.min(count - 1, from + step));
  const way = Math.sign(step);
  for (let at = last; at >= 0 && at < count; at += way) if (!headings.includes(at)) return at;
  for (let at = last; at !== from; at -= way) if (!headings.includes(at)) return at;
  return from;
}

/** How far a key moves the selection of a list of `count` rows; undefined for a key that doesn't. */
export function listStep(key: string, count: number): number | undefined {
  const step = steps[key];
  return step === undefined ? undefined : Math.max(-count, Math.min(count, step));
}
