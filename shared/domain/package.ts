// SPDX-License-Identifier: LGPL-2.1-or-later
/** The sum, or undefined when one of the summands isn't known. */
export function sumIfKnown(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce((sum, value) => (sum === undefined || value === undefined ? undefined : sum + value), 0);
}
