// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import type { ParsedEntry, Place } from './treefile-parse.ts';

const argument = '--exclude-weakdeps';

/**
 * What a kickstart file says about packages: `%packages` (names, `-name` to exclude, --exclude-weakdeps) and `%include`. Other sections and
 * commands are an installer's business: ignored with a warning.
 */
export function parseKickstart(text: string, file: string): { entries: ParsedEntry[]; warnings: ErrorReport[] } {
  const lists = new Map<string, { values: string[]; items: Place[] }>();
  const warnings: ErrorReport[] = [];
  let recommends: Place | undefined;
  let section: { readonly name: string; readonly line: number } | undefined;
  const add = (key: string, value: string, place: Place): void => {
    const list = lists.get(key) ?? { values: [], items: [] };
    lists.set(key, list);
    list.values.push(value);
    list.items.push(place);
  };
  text.split(/\r?\n/).forEach((raw, i) => {
    const place = { file, line: i + 1, column: raw.length - raw.trimStart().length + 1 };
    const wrong = (detail: string): TreelineError => new TreelineError('treefile.syntax', { ...place, detail });
    // a comment begins with the line or after a blank
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') return;
    const [command = '', ...rest] = line.split(/\s+/);
    if (command === '%include') {
      const name = rest.join(' ');
      if (name === '') throw wrong('%include needs a file name.');
      if (name.startsWith('/') || name.split('/').includes('..'))
        throw wrong(`%include takes a file below this one’s directory, not ${name}.`);
      add('include', name, place);
    } else if (section) {
      if (command === '%end') section = undefined;
      else if (section.name !== '%packages') return;
      else if (line.startsWith('@') || line.startsWith('-@')) throw wrong(`Package groups aren’t supported: name the packages of ${line}.`);
      else if (line.startsWith('-')) add('exclude-packages', line.slice(1).trim(), place);
      else add('packages', line, place);
    } else if (command.startsWith('%')) {
      if (command === '%end') throw wrong('%end without a section before it.');
      section = { name: command, line: place.line };
      if (command !== '%packages') warnings.push(ignored(place, command));
      else
        for (const option of rest) {
          if (option !== argument) throw wrong(`%packages takes no option but ${argument}, not ${option}.`);
          recommends = place;
        }
    } else warnings.push(ignored(place, command));
  });
  if (section) throw new TreelineError('treefile.syntax', { file, line: section.line, column: 1, detail: `${section.name} has no %end.` });
  const entries = [...lists].map(([key, { values, items }]): ParsedEntry => ({
    key,
    value: values,
    place: items[0] ?? { file, line: 1, column: 1 },
    items,
  }));
  if (recommends) entries.push({ key: 'recommends', value: false, place: recommends, items: [] });
  return { entries, warnings };
}

/** What doesn't look like a command isn't repeated: any file may be named. */
const ignored = (place: Place, key: string): ErrorReport => ({
  code: 'treefile.unknown-key',
  ...place,
  key: /^[%a-z]{1,32}$/.test(key) ? key : '…',
  facts: { hint: 'It is ignored.' },
});
