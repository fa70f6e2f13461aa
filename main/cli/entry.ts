#!/usr/bin/env node
import { buildProgram } from './program.ts';
import { printError } from './terminal.ts';

try {
  const program = await buildProgram(process.argv.slice(2).find((word) => !word.startsWith('-')));
  await program.parseAsync();
} catch (error) {
  process.exitCode = printError(error);
}
