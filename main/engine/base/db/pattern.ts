// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, type Package } from '../../../../shared/domain/index.ts';

/** A shell pattern (`*`, `?`, `[a-z]`, `[!a]`; glob(7)) on a package's name, or on its whole NEVRA. Upper and lower case differ. */
export function namePattern(pattern: string): (p: Package) => boolean {
  const fits = textPattern(pattern);
  return (p) => fits(p.name) || fits(formatNevra(p));
}

/** The same on any text. */
export function textPattern(pattern: string): (text: string) => boolean {
  const expression = new RegExp(`^${translate(pattern)}$`, 'su');
  return (text) => expression.test(text);
}

function translate(pattern: string): string {
  const token = /\[(!?)([^\]]+)\]|[\s\S]/gu;
  return pattern.replace(token, (text, negated: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${negated ? '^' : ''}${set.replace(/[\\^[\]&~|]/g, '\\$&')}]`;
    if (text === '*') return '.*';
    if (text === '?') return '.';
    return /[\\^$.|+()[\]{}/]/.test(text) ? `\\${text}` : text;
  });
}
