// SPDX-License-Identifier: LGPL-2.1-or-later

/** Arguments as one line: one that holds a blank or a quote stands in double quotes. */
export const joinArgs = (args: readonly string[]): string =>
  args.map((arg) => (arg === '' || /[\s"\\]/.test(arg) ? `"${arg.replace(/["\\]/g, '\\$&')}"` : arg)).join(' ');

/** The arguments of such a line; undefined when a quote isn’t closed, or an argument is empty. */
export function splitArgs(line: string): readonly string[] | undefined {
  const word = /\s*(?:"((?:\\.|[^"\\])+)"|([^\s"\\]+))(?=\s|$)/y;
  const text = line.trimEnd();
  const args: string[] = [];
  while (word.lastIndex < text.length) {
    const found = word.exec(text);
    if (!found) return undefined;
    args.push(found[2] ?? (found[1] ?? '').replace(/\\(.)/g, '$1'));
  }
  return args;
}
