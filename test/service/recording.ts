// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';

const fixtures = path.resolve(import.meta.dirname, '../fixtures/rpmostree1');

export const recording = (file: string): string => readFileSync(path.join(fixtures, file), 'utf8');

/** Keys of the first dictionary after `marker` in GVariant text. Some lines of the recordings are cut: then what is there. */
export function dictKeys(text: string, marker: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let at = text.indexOf('{', text.indexOf(marker) + marker.length);
  for (; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\n') break;
    if (char === "'" || char === '"') {
      const end = text.indexOf(char, at + 1);
      if (depth === 1 && text.startsWith(': ', end + 1)) keys.push(text.slice(at + 1, end));
      at = end;
    } else if ('{[(<'.includes(char)) depth += 1;
    else if ('}])>'.includes(char)) depth -= 1;
    if (depth === 0) return keys;
  }
  if (keys.length === 0) throw new Error(`no dictionary after ${marker}`);
  return keys;
}
