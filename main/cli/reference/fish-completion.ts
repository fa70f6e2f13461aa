// SPDX-License-Identifier: LGPL-2.1-or-later
import { allCommands, type CommandEntry, type ValueKind } from './command-tree.ts';

/** Completion for fish: each line holds where the words so far name its command. */
export function fishCompletion(tree: CommandEntry): string {
  const commands = allCommands(tree);
  const steps = commands.flatMap((command) =>
    command.commands.map(
      (sub) =>
        `            case ${sub.names.map((name) => quote(`${command.path} ${name}`)).join(' ')}\n                set path ${quote(sub.path)}`,
    ),
  );
  return `# fish completion of treeline, made from its command line
function __treeline_at
    set -l path treeline
    for word in (commandline -opc)[2..-1]
        switch "$path $word"
${steps.join('\n')}
        end
    end
    test "$path" = "$argv"
end
complete -c treeline -f
${commands.flatMap(lines).join('\n')}
`;
}

function lines(command: CommandEntry): string[] {
  const start = `complete -c treeline -n ${quote(`__treeline_at ${command.path}`)}`;
  return [
    ...command.commands.flatMap((sub) => sub.names.map((name) => `${start} -a ${quote(name)} -d ${quote(sub.about)}`)),
    ...command.options
      .filter((option) => !option.hidden)
      .map(({ names, about, value, valueOptional }) => {
        const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
        const takes = value === undefined || valueOptional ? '' : value === 'files' ? ' -r' : ' -x';
        return `${start} ${flags}${takes}${value ? from(value) : ''} -d ${quote(about)}`;
      }),
    ...command.arguments.slice(0, 1).flatMap(({ value }) => (value === 'text' ? [] : [`${start}${from(value)}`])),
  ];
}

function from(value: ValueKind): string {
  if (typeof value === 'object') return ` -a ${quote(value.words.join(' '))}`;
  return { files: ' -F', folders: ` -a ${quote('(__fish_complete_directories)')}`, text: '' }[value];
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`;
