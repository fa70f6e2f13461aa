// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';

export interface RepoSection {
  readonly id: string;
  readonly line: number;
  /** Values by key; continued lines are divided by `\n`. */
  readonly options: Map<string, string>;
  /** Where each key stands; of a key that stands twice, the last. */
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * Sections of a .repo file (yum.conf(5)): `key=value` lines, continued by lines that begin with a blank; `#` and `;` comment. Throws repo-file.syntax, which
 * repeats nothing of the file.
 */
export function parseRepoFile(text: string, file: string): RepoSection[] {
  const sections: (RepoSection & { lines: Map<string, number> })[] = [];
  let key: string | undefined;
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, i) => {
      const line = raw.trimEnd();
      const wrong = (detail: string): TreelineError => new TreelineError('repo-file.syntax', { file, line: i + 1, detail });
      if (line.includes('\0')) throw wrong('A NUL byte: this isn’t text.');
      if (line.trim() === '' || /^\s*[#;]/.test(line)) return;
      const current = sections.at(-1);
      const header = /^\[([^\]]+)\]$/.exec(line);
      if (header) {
        sections.push({ id: header[1] ?? '', line: i + 1, options: new Map(), lines: new Map() });
        key = undefined;
      } else if (/^\s/.test(line)) {
        if (!current || key === undefined) throw wrong('A continued line without an option before it.');
        current.options.set(key, `${current.options.get(key) ?? ''}\n${line.trim()}`);
      } else {
        const equals = line.indexOf('=');
        if (equals < 1 || !current) throw wrong('Expected [repository] or option=value.');
        key = line.slice(0, equals).trim();
        current.options.set(key, line.slice(equals + 1).trim());
        current.lines.set(key, i + 1);
      }
    });
  return sections;
}
