// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';

const marked = new WeakSet<object>();

/** Marks a command that isn't about one stateroot: it refuses --stateroot and --os instead of ignoring them. */
export function wholeSystem(command: Command): Command {
  marked.add(command);
  return command;
}

export const isWholeSystem = (command: object): boolean => marked.has(command);
