// SPDX-License-Identifier: LGPL-2.1-or-later
import { aliases, keyGroups, refusedKeys } from '../../engine/compose/treefile/treefile-keys.ts';
import { listTreefileKeys } from '../../engine/compose/build/index.ts';
import { item, marked, pageHead, roff } from './roff.ts';

const kinds = {
  text: 'text',
  number: 'number',
  flag: 'true or false',
  choice: 'one of',
  list: 'list',
  map: 'mapping',
  packages: 'list of packages',
  repos: 'list of repositories',
} as const;

/** treeline-treefile(5), made of the table that checks treefiles. */
export function treefilePage(made: { readonly version: string; readonly date: string }): string {
  const described = new Map(listTreefileKeys().map((key) => [key.name, key]));
  const keyLines = (name: string, about: string): string[] => {
    const key = described.get(name);
    const kind = key ? (key.kind === 'choice' ? key.values.join(' | ') : kinds[key.kind]) : 'text';
    return item(roff(name), `(${marked(kind)}) ${marked(about)}`);
  };
  const lines = [
    ...pageHead({ name: 'treeline-treefile', section: 5, about: 'what a composed tree is made of', manual: 'File Formats', ...made }),
    '.SH DESCRIPTION',
    'A treefile says which packages from which repositories become one operating\\-system tree, and what is done to them.',
    'It is read by',
    '.B treeline compose',
    'and its subcommands. It is a mapping in YAML, or in JSON when its name ends in .json; the keys are those of rpm\\-ostree.',
    'An unknown key is an error that names file, line and the nearest known key.',
    'Files which a treefile names (repositories, included treefiles, scripts, files to add) lie beside it.',
    '.PP',
    'The package list may also be given for one architecture, as',
    '.BR packages\\-x86_64 .',
    ...Object.entries(keyGroups).flatMap(([group, keys]) => [
      `.SH "${roff(group.toUpperCase())}"`,
      ...Object.entries(keys).flatMap(([name, { about }]) => keyLines(name, about)),
    ]),
    '.SH "OLD SPELLINGS"',
    'These are taken for the keys with hyphens:',
    `${Object.keys(aliases)
      .map((name) => `\\fB${roff(name)}\\fR`)
      .join(', ')}.`,
    '.SH "REFUSED KEYS"',
    'Keys of rpm\\-ostree that are refused, with the reason:',
    ...Object.entries(refusedKeys).flatMap(([name, reason]) => item(roff(name), marked(`It ${reason}.`))),
    '.SH EXAMPLE',
    '.nf',
    ...[
      'ref: example/1/${basearch}/desktop',
      "automatic-version-prefix: '1'",
      'repos: [example]',
      'packages:',
      '  - kernel',
      '  - example-desktop',
      'units: [example.service]',
    ].map(roff),
    '.fi',
    '.SH SEE ALSO',
    '.BR treeline (1)',
  ];
  return `${lines.join('\n')}\n`;
}
