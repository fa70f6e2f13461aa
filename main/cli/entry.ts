#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
import { buildProgram } from './program.ts';
import { printError } from './output/terminal.ts';

try {
  const program = await buildProgram(process.argv.slice(2).find((word) => !word.startsWith('-')));
  await program.parseAsync();
} catch (error) {
  process.exitCode = printError(error);
}
