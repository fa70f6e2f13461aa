// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Argument, Command, Option } from 'commander';

/** What can come next for one option or argument: fixed words, file names, or anything. */
export type ValueKind = { readonly words: readonly string[] } | 'files' | 'folders' | 'text';

export interface OptionEntry {
  /** As a person writes it: `-r, --reboot`, `--append <karg>`. */
  readonly flags: string;
  /** `-r` and `--reboot`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly hidden: boolean;
  /** undefined: takes no value. */
  readonly value?: ValueKind;
  readonly valueOptional: boolean;
}

export interface CommandEntry {
  /** `treeline compose tree`. */
  readonly path: string;
  readonly names: readonly string[];
  readonly usage: string;
  readonly about: string;
  readonly options: readonly OptionEntry[];
  readonly arguments: readonly { readonly name: string; readonly about: string; readonly value: ValueKind }[];
  readonly commands: readonly CommandEntry[];
}

/** The command line as data, out of the same definition that parses it: what manuals and completion are made of. */
export function commandTree(command: Command, parent = ''): CommandEntry {
  const path = parent ? `${parent} ${command.name()}` : command.name();
  return {
    path,
    names: [command.name(), ...command.aliases()],
    usage: `${path} ${command.usage()}`.trim(),
    about: command.description(),
    options: command.options.map(optionEntry),
    arguments: command.registeredArguments.map((each) => ({
      name: each.name(),
      about: each.description,
      value: valueKind(each.name(), each),
    })),
    commands: visible(command).map((each) => commandTree(each, path)),
  };
}

/** Those that the help lists, without `help` itself. */
function visible(command: Command): Command[] {
  const listed = command.createHelp().visibleCommands(command);
  return command.commands.filter((each) => listed.includes(each));
}

/** Every command of a tree, the tree's own included, in the order of their definition. */
export const allCommands = (tree: CommandEntry): CommandEntry[] => [tree, ...tree.commands.flatMap(allCommands)];

function optionEntry(option: Option): OptionEntry {
  const placeholder = /[<[](.*?)[\]>]/.exec(option.flags)?.[1];
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((name) => name !== undefined),
    about: option.description,
    hidden: option.hidden,
    value: placeholder === undefined ? undefined : valueKind(`${option.attributeName()} ${placeholder}`, option),
    valueOptional: option.optional,
  };
}

/** `placeholder`: names by which it can be told what is meant. */
function valueKind(placeholder: string, of: Option | Argument): ValueKind {
  if (of.argChoices) return { words: of.argChoices };
  const name = placeholder.toLowerCase();
  if (/dir\b|directory|folder|sysroot|\brepo\b|\broot/.test(name)) return 'folders';
  return /path|file|image|\brpm\b/.test(name) ? 'files' : 'text';
}
