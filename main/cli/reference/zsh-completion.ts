// SPDX-License-Identifier: LGPL-2.1-or-later
import { allCommands, type CommandEntry, type OptionEntry, type ValueKind } from './command-tree.ts';

/** Completion for zsh: a function for each command, which hands on to the function of a subcommand. */
export function zshCompletion(tree: CommandEntry): string {
  return `#compdef treeline
# zsh completion of treeline, made from its command line
${allCommands(tree).map(commandFunction).join('\n')}
_treeline "$@"
`;
}

const functionName = (path: string): string => `_${path.replaceAll(' ', '_')}`;

function commandFunction(command: CommandEntry): string {
  const options = command.options.filter((option) => !option.hidden).flatMap(optionSpecs);
  const specs = options.map((spec) => `    ${quote(spec)} \\`);
  if (command.commands.length === 0) {
    const values = command.arguments.map(({ name, value }) => `    ${quote(`*:${plain(name)}:${action(value)}`)} \\`).slice(0, 1);
    return `${functionName(command.path)}() {
${['  _arguments -s \\', ...specs, ...values].join('\n')}
    && return 0
}`;
  }
  const described = command.commands.flatMap((sub) => sub.names.map((name) => `      ${quote(`${plain(name)}:${plain(sub.about)}`)}`));
  const cases = command.commands.map((sub) => `      (${sub.names.join('|')}) ${functionName(sub.path)} ;;`);
  return `${functionName(command.path)}() {
  local context state state_descr line
  typeset -A opt_args
${['  _arguments -s -C \\', ...specs].join('\n')}
    '1: :->command' \\
    '*::arguments:->arguments' && return 0
  case $state in
  (command)
    local -a commands=(
${described.join('\n')}
    )
    _describe -t commands command commands ;;
  (arguments)
    case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
}

/** _arguments: `*--name=[text]:what:action`; the star because many options may be given again. */
function optionSpecs(option: OptionEntry): string[] {
  const text = `[${plain(option.about)}]`;
  if (option.value === undefined) return option.names.map((name) => `*${name}${text}`);
  const { value, valueOptional } = option;
  return option.names.map(
    (name) => `*${name}${name.startsWith('--') ? '=' : '+'}${text}${valueOptional ? '::' : ':'}value:${action(value)}`,
  );
}

function action(value: ValueKind): string {
  if (typeof value === 'object') return `(${value.words.join(' ')})`;
  return { files: '_files', folders: '_files -/', text: ' ' }[value];
}

const plain = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
