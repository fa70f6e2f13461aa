// SPDX-License-Identifier: LGPL-2.1-or-later
/** Standard error is the journal. */
export function journal(line: string): void {
  process.stderr.write(`${line}\n`);
}
