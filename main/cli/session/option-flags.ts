// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { flagsOf } from '../../../shared/domain/index.ts';

/** Gathers what a flag that may be repeated is given. */
export const gather = (value: string, before: string[]): string[] => [...before, value];

/** Adds the flags of those options of the service (shared/domain/option-table.ts) that say they are this command's. `name`: how they call it. */
export function withOptionFlags(command: Command, name = command.name()): Command {
  for (const { as, about, list: repeated } of flagsOf(name)) {
    if (repeated) command.option(as, about, gather, []);
    else command.option(as, about);
  }
  return command;
}
