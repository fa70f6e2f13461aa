/**
 * One line of a tmpfiles.d file. Fields are read as words with C escapes and quotes, and `%` starts a specifier (tmpfiles.d(5),
 * systemd's extract-word): each field is written so that it is read back as it was.
 */
export function tmpfilesLine(entry: {
  readonly type: string;
  readonly path: string;
  /** Octal permission bits, missing = `-`. */
  readonly mode?: number;
  readonly user?: string;
  readonly group?: string;
  /** Link target or source; the rest of the line, taken literally but for `%` and C escapes. */
  readonly argument?: string;
}): string {
  const mode = entry.mode === undefined ? '-' : entry.mode.toString(8).padStart(4, '0');
  const fields = [entry.type, word(entry.path), mode, word(entry.user ?? '-'), word(entry.group ?? '-'), '-'];
  return `${fields.join(' ')}${entry.argument === undefined ? '' : ` ${specifiers(entry.argument)}`}\n`;
}

const specifiers = (text: string): string => text.replaceAll('%', '%%');

/** Characters that would end a word, or begin an escape, a quote or a comment. */
const special = /[\s"'\\#]|[\u0000-\u001f\u007f]/;

function word(text: string): string {
  const doubled = specifiers(text);
  if (!special.test(doubled)) return doubled;
  const escaped = doubled.replace(/["\\]/g, (c) => `\\${c}`).replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

/** A link's target is the rest of the line and knows no escapes: one that holds a line break or begins or ends with a blank can't be written. */
export function canBeArgument(target: string): boolean {
  return !/[\n\r\0]/.test(target) && target.trim() === target && target !== '';
}
