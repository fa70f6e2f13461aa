// SPDX-License-Identifier: LGPL-2.1-or-later
import { allCommands, type CommandEntry, type ValueKind } from './command-tree.ts';

/** Completion for bash, without help of other packages: which command the words so far name, then its commands, options and values. */
export function bashCompletion(tree: CommandEntry): string {
  const commands = allCommands(tree);
  const steps = commands.flatMap((command) =>
    command.commands.map(
      (sub) => `      ${sub.names.map((name) => quote(`${command.path} ${name}`)).join('|')}) path=${quote(sub.path)} ;;`,
    ),
  );
  const values = commands.flatMap((command) =>
    command.options.flatMap(({ names, value }) =>
      value === undefined ? [] : [`    ${names.map((name) => quote(`${command.path} ${name}`)).join('|')}) ${reply(value)}; return ;;`],
    ),
  );
  const words = commands.map((command) => {
    const options = command.options.filter((option) => !option.hidden).flatMap((option) => option.names);
    const subcommands = command.commands.flatMap((sub) => sub.names);
    const files = command.arguments.map(({ value }) => value).find((value) => value !== 'text');
    return `    ${quote(command.path)}) options=${quote(options.join(' '))} commands=${quote(subcommands.join(' '))} other=${quote(files ? filesOf(files) : '')} ;;`;
  });
  return `# bash completion of treeline, made from its command line
_treeline() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path=treeline i options='' commands='' other=''
  COMPREPLY=()
  # readline makes three words of --option=value
  if [[ $current == = ]]; then current=''; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  case "$path $before" in
${values.join('\n')}
  esac
  case $path in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ $commands ]]; then COMPREPLY=($(compgen -W "$commands" -- "$current"))
  elif [[ $other == -* ]]; then compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen "$other" -- "$current")
  elif [[ $other ]]; then COMPREPLY=($(compgen -W "$other" -- "$current"))
  fi
}
complete -F _treeline treeline
`;
}

const filesOf = (value: ValueKind): string => (typeof value === 'object' ? value.words.join(' ') : value === 'folders' ? '-d' : '-f');

function reply(value: ValueKind): string {
  if (value === 'text') return ':';
  if (typeof value === 'object') return `COMPREPLY=($(compgen -W ${quote(value.words.join(' '))} -- "$current"))`;
  return `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen ${filesOf(value)} -- "$current")`;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
