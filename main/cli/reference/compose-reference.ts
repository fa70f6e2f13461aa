// SPDX-License-Identifier: LGPL-2.1-or-later
import { aliases, keyGroups, refusedKeys, type Merge } from '../../engine/compose/treefile/treefile-keys.ts';
import { listTreefileKeys } from '../../engine/compose/build/index.ts';
import { allCommands, type CommandEntry, type OptionEntry } from './command-tree.ts';
import { composeOptions } from './compose-options.ts';

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
const code = (text: string): string => `\`${cell(text)}\``;
const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
const table = (heads: readonly string[], rows: readonly string[][]): string[] => [
  row(...heads),
  row(...heads.map(() => '---')),
  ...rows.map((r) => row(...r)),
  '',
];

const kinds: Readonly<Record<string, string>> = {
  text: 'text',
  number: 'number',
  flag: 'true, false',
  list: 'list',
  map: 'map',
  packages: 'list of packages',
  repos: 'list of repositories',
};
const merges: Readonly<Record<Merge, string>> = { replace: 'the including file’s', append: 'put together', map: 'name by name' };

const missing = 'not in this version';

/** docs/compose-reference.md: every option of rpm-ostree's compose commands and every treefile key, each supported or refused with the reason. */
export function composeReference(tree: CommandEntry): string {
  return [
    '# Compose reference',
    '',
    '<!-- Made by `npm run docs` from the tables that check treefiles and command lines. Don’t edit. -->',
    '',
    'The keys and options are those of rpm-ostree 2026.2. Editors check and complete treefiles with `assets/schemas/treefile.schema.json`; put',
    '`# yaml-language-server: $schema=PATH` at the top of a treefile. For lockfiles and extensions files there are schemas beside it.',
    '',
    '## Commands',
    '',
    ...Object.entries(composeOptions).flatMap(([name, options]) => commandLines(tree, name, options)),
    ...keyLines(),
    ...ruleLines(),
  ].join('\n');
}

function commandLines(tree: CommandEntry, name: string, options: Readonly<Record<string, string | null>>): string[] {
  const command = allCommands(tree).find((each) => each.path === `treeline compose ${name}`);
  const ours = new Map(command?.options.flatMap((option) => option.names.map((n) => [n, option] as const)));
  const theirs = Object.entries(options).map(([option, reason]) => {
    const own = ours.get(option);
    if (own) return [code(own.flags), own.hidden ? 'accepted, no effect' : 'supported', cell(own.about)];
    return reason === null ? [code(option), missing, ''] : [code(option), 'refused', cell(reason)];
  });
  const more = [...new Set<OptionEntry>(ours.values())].filter(
    (option) => !option.names.some((n) => n in options) && !general.has(option.names.at(-1) ?? ''),
  );
  return [
    `### ${command ? command.usage.replace(/^treeline /, '').replace(' [options]', '') : `compose ${name}`}`,
    '',
    command ? `${command.about}.` : 'There is no such command.',
    '',
    ...(theirs.length + more.length === 0
      ? []
      : table(['option', '', 'what it does'], [...theirs, ...more.map((o) => [code(o.flags), 'Treeline’s own', cell(o.about)])])),
  ];
}

const general: ReadonlySet<string> = new Set(['--quiet', '--sysroot', '--stateroot', '--help']);

function keyLines(): string[] {
  const described = new Map(listTreefileKeys().map((key) => [key.name, key]));
  const kind = (name: string): string => {
    const key = described.get(name);
    return key?.kind === 'choice' ? key.values.map(code).join(', ') : (kinds[key?.kind ?? 'text'] ?? '');
  };
  const old = Object.entries(aliases).map(([name, key]) => `${code(name)} for ${code(key)}`);
  return [
    '## Treefile keys',
    '',
    'All are supported. The last column says what holds when an included file has the key, too.',
    '',
    ...Object.entries(keyGroups).flatMap(([group, keys]) => [
      `### ${group}`,
      '',
      ...table(
        ['key', 'value', 'what it does', 'with includes'],
        Object.entries(keys).map(([name, { about, merge }]) => [code(name), kind(name), cell(about), merges[merge]]),
      ),
      ...(group === 'Content'
        ? [`${code('packages-$arch')} (such as ${code('packages-x86_64')}) is added to packages on that architecture.`, '']
        : []),
    ]),
    `Old spellings are taken: ${old.join(', ')}.`,
    '',
    '### Refused keys',
    '',
    ...table(
      ['key', 'why'],
      Object.entries(refusedKeys).map(([name, reason]) => [code(name), cell(reason)]),
    ),
  ];
}

function ruleLines(): string[] {
  return [
    '## Rules',
    '',
    '- **YAML and JSON** are one grammar. An unknown key is an error with file, line and the nearest key; in JSON, where people write comments that way, a warning.',
    '- **Includes**: single values of the including file win, of several included files those of the first. Lists are put together, the last included file’s',
    '  first and the including file’s last; so do postprocess scripts run. A file can be included once. `include` comes first, then `arch-include`, then `conditional-include`.',
    '- **Conditions**: `NAME OP VALUE` with `==`, `!=`, `<`, `<=`, `>`, `>=`; VALUE is `true`, `false`, a number or text in quotes. Of a list all must hold. The',
    '  variables are those of the file, of what it includes and, with the last word, of what includes it; `basearch` and `releasever` are built in.',
    '- **Kickstart** files (`.ks`) can be included: `%packages` (with `-NAME` and `--exclude-weakdeps`) and `%include` count, the rest is ignored with a warning.',
    '- **Variables**: `${NAME}` is replaced in `ref`, `automatic-version-prefix`, `mutate-os-release` and strings of `metadata` and `add-commit-metadata`.',
    '- **Editions**: 2024 makes `tmp-is-dir` true and `boot-location` modules by default, and runs the programs in `finalize.d` beside each treefile: by name, on',
    '  the composing machine, as its user (root, where the compose is), with the finished tree as working directory and a clean environment.',
    '- **What a compose sees**: programs that run on the tree see nothing but the tree. The compose itself, as root, and programs of `finalize.d` see the machine’s',
    '  programs and libraries and, of everything else, the treefile’s directory and what treefile and options name: includes, scripts, `add-files`, repositories',
    '  and keys of this machine, cache, target. Of a directory like `/root`, `/home/NAME` or `/tmp` only the named files are there. **A treefile is a program**: `add-files` takes',
    '  any file that whoever composes can read, and `finalize.d` runs as them. Look at what others wrote before composing it as root.',
    '- **Lockfiles** name builds (`evr`, or `evra` with the architecture) and digests of packages. A build that isn’t there, or is another file, is an error. With',
    '  `--ex-lockfile-strict` nothing else is installed.',
    '- **Layers** are put over the tree after package scripts have run and before postprocessing.',
    '',
  ];
}
