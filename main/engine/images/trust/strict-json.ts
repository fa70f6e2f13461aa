// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseJson } from '../../../files/index.ts';

/**
 * The value of a JSON text in which no object has a key twice: one reader would take the first, another one the last. Throws file.unreadable naming `subject` and the
 * key.
 */
export function parseStrictJson(text: string, subject: string): unknown {
  const value = parseJson(text, subject);
  const open: (Set<string> | undefined)[] = [];
  // what it parsed is JSON: a string before a colon is a key of the innermost object
  for (const [token, name] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (name !== undefined) {
      const key = String(JSON.parse(name));
      const keys = open.at(-1);
      if (keys?.has(key))
        throw new TreelineError('file.unreadable', { subject, key, detail: `it has the key “${key}” twice in one object` });
      keys?.add(key);
    } else if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
  }
  return value;
}
