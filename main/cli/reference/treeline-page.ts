// SPDX-License-Identifier: LGPL-2.1-or-later
import { allCommands, type CommandEntry, type OptionEntry } from './command-tree.ts';
import { item, marked, pageHead, roff } from './roff.ts';

interface Made {
  readonly version: string;
  readonly date: string;
}

/** treeline(1), made of the definition of the command line. */
export function treelinePage(tree: CommandEntry, made: Made): string {
  const globals = new Set(tree.options.flatMap((option) => option.names));
  const lines = [
    ...pageHead({
      name: 'treeline',
      section: 1,
      about: 'compose, update, review and roll back image-based operating systems',
      manual: 'User Commands',
      ...made,
    }),
    '.SH SYNOPSIS',
    '.B treeline',
    '.RI [ options ]',
    '.I command',
    '.RI [ arguments ]',
    '.SH DESCRIPTION',
    'Treeline looks after operating systems that come as one versioned tree (an OSTree commit) made of RPM packages.',
    'Commands that concern this machine are calls to the service',
    '.BR treelined (8),',
    'which asks',
    '.BR polkit (8)',
    'what the caller may do.',
    'Commands that compose trees or compare packages work without the service and without privileges.',
    'The commands, their options and their output are those of rpm\\-ostree where that has the same.',
    '.SH OPTIONS',
    ...tree.options.filter((option) => !option.hidden).flatMap((option) => item(marked(option.flags), sentence(option.about))),
    '.PP',
    'Options of this list may also stand behind the name of the command.',
    '.SH COMMANDS',
    ...allCommands(tree)
      .slice(1)
      .flatMap((command) => commandLines(command, globals)),
    '.SH EXIT STATUS',
    ...item('0', 'Done.'),
    ...item('1', 'An error, which is told in one line: what is at fault, and what to do next.'),
    ...item(
      '77',
      'Nothing changed, where that was asked for (\\fB\\-\\-unchanged\\-exit\\-77\\fR), and for \\fBupgrade \\-\\-check\\fR when there is no update.',
    ),
    '.SH ENVIRONMENT',
    ...item('DBUS_SYSTEM_BUS_ADDRESS', 'The bus on which the service is.'),
    ...item('XDG_CACHE_HOME', 'Where trees are composed when no \\fB\\-\\-cachedir\\fR is given and the caller is not root.'),
    ...item('SOURCE_DATE_EPOCH', 'The time of a composed commit, in seconds, so that the same input gives the same checksum.'),
    '.SH FILES',
    ...item('/etc/treeline/treelined.conf', 'Configuration of the service.'),
    ...item('/var/lib/treeline/history.jsonl', 'What happened, by whom, with which result.'),
    '.SH SEE ALSO',
    '.BR treelined (8),',
    '.BR treeline\\-treefile (5),',
    '.BR ostree (1)',
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(command: CommandEntry, globals: ReadonlySet<string>): string[] {
  if (command.commands.length > 0) return [`.SS ${marked(command.path)}`, sentence(command.about)];
  const own = command.options.filter((option) => !option.hidden && !option.names.every((name) => globals.has(name)));
  const others = command.names.slice(1).map((alias) => `\\fB${roff(alias)}\\fR`);
  return [
    `.SS ${marked(command.usage.replace('[options] ', ''))}`,
    sentence(command.about),
    ...(others.length > 0 ? [`Also called ${others.join(', ')}.`] : []),
    ...command.arguments.filter((each) => each.about).flatMap((each) => item(`\\fI${roff(each.name)}\\fR`, sentence(each.about))),
    ...own.flatMap((option) => item(marked(option.flags), sentence(option.about + choices(option)))),
  ];
}

const choices = ({ value }: OptionEntry): string => (typeof value === 'object' ? ` (${value.words.join(', ')})` : '');

/** Descriptions are written without capital and full stop, as help shows them. */
function sentence(text: string): string {
  const trimmed = text.trim();
  return marked(`${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`);
}
