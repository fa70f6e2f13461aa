#!/usr/bin/env node
import { errorLine, TreelineError } from '../../shared/errors/index.ts';
import { buildProgram } from './program.ts';

try {
  const program = await buildProgram(process.argv.slice(2).find((word) => !word.startsWith('-')));
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${errorLine(TreelineError.report(error))}\n`);
  process.exitCode = 1;
}
