// SPDX-License-Identifier: LGPL-2.1-or-later
/** The last second that a JavaScript date can show (ECMA-262: 8.64e15 ms). Commits may say later ones: they are made by anybody. */
export const lastSecond = 8_640_000_000_000;

/** Unix seconds as a date can show them; 0, which means unknown everywhere, for what none can. */
export function knownSeconds(seconds: number | bigint): number {
  return seconds > 0 && seconds <= lastSecond ? Number(seconds) : 0;
}

/** ISO 8601 in UTC without fractions, `unknown` for a time that isn't known or beyond what dates can show. */
export function timeText(seconds: number): string {
  return knownSeconds(seconds) === 0 ? 'unknown' : new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
