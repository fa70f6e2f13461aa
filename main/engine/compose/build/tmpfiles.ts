// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * One line of a tmpfiles.d file. Fields are words, quoted where needed, `%` starts a specifier, and the last one is the rest of the line
 * (tmpfiles.d(5)): each is written so that it is read back as it was. The path must pass canBePath.
 */
export function tmpfilesLine(entry: {
  readonly type: string;
  readonly path: string;
  /** Octal permission bits, missing = `-`. */
  readonly mode?: number;
  readonly user?: string;
  readonly group?: string;
  /** Link target or source. */
  readonly argument?: string;
}): string {
  const mode = entry.mode === undefined ? '-' : entry.mode.toString(8).padStart(4, '0');
  const fields = [entry.type, word(entry.path), mode, word(entry.user ?? '-'), word(entry.group ?? '-'), '-'];
  return `${fields.join(' ')}${entry.argument === undefined ? '' : ` ${rest(entry.argument)}`}\n`;
}

const specifiers = (text: string): string => text.replaceAll('%', '%%');

/** A word: in quotes a backslash keeps the next character, everything else stays as it is (checked with systemd-tmpfiles 252). */
function word(text: string): string {
  const doubled = specifiers(text);
  return /[\s"'\\#]/.test(doubled) ? `"${doubled.replace(/["\\]/g, (c) => `\\${c}`)}"` : doubled;
}

/** The rest of the line: C escapes are undone in it, blanks at its ends are cut off. */
function rest(text: string): string {
  return specifiers(text)
    .replaceAll('\\', '\\\\')
    .replace(/[\u0000-\u001f\u007f]|^ | $/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A line break in a path can't be written: it ends the line, quoted or not. */
export function canBePath(path: string): boolean {
  return !/[\n\r]/.test(path);
}

/** Directories (`d`) that lines as tmpfilesLine() writes them make. */
export function directoriesIn(text: string): { readonly path: string; readonly mode: number }[] {
  return [...text.matchAll(/^d ("(?:[^"\\]|\\.)*"|[^\s"]+) (\d+) /gm)].map(([, field = '', mode = '']) => {
    const doubled = field.startsWith('"') ? field.slice(1, -1).replace(/\\(.)/g, '$1') : field;
    return { path: doubled.replaceAll('%%', '%'), mode: Number.parseInt(mode, 8) };
  });
}
