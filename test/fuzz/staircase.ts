// SPDX-License-Identifier: LGPL-2.1-or-later
/** Not a decoder: whether the loop is guided by what it reached. Each step is only there for inputs that took the one before. */
export const seeds = [Buffer.alloc(4)];

export function target(data: Uint8Array): void {
  if (((data[0] ?? 0) & 0x3f) !== 0x14) return;
  if (((data[1] ?? 0) & 0x3f) !== 0x12) return;
  throw new Error('at the top of the stairs');
}
