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

/** How far a key moves the selection of a list of `count` rows; undefined for a key that doesn't. */
export function listStep(key: string, count: number): number | undefined {
  const step = steps[key];
  return step === undefined ? undefined : Math.max(-count, Math.min(count, step));
}
