// SPDX-License-Identifier: LGPL-2.1-or-later
// How the launch scripts talk: one numbered line per step, indented lines below, no colour codes in a pipe.
const tty = process.stdout.isTTY ?? false;
const paint = (code, text) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);

/** @param {number} total number of steps; @returns functions that print a step, a line below it, or a warning */
export function steps(total) {
  let number = 0;
  return {
    step: (text) => console.log(`${paint('1', `${++number}/${total}`)} ${text}`),
    line: (text) => console.log(`    ${text}`),
    warn: (text) => console.log(`    ${paint('33', text)}`),
  };
}

/** An error that a person can act on: printed without a stack trace. */
export class LaunchError extends Error {}

/** Run an async main; sets the exit code, prints what went wrong. */
export function runMain(main) {
  main().then(
    (code) => process.exit(code ?? 0),
    (error) => {
      console.error(error instanceof LaunchError ? `\n${error.message}` : error);
      process.exit(1);
    },
  );
}
