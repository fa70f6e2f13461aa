// SPDX-License-Identifier: LGPL-2.1-or-later
import type { WriteStream } from 'node:tty';
import { errorLine, TreelineError } from '../../../shared/errors/index.ts';

/** What a shell gives for a program that SIGPIPE ended: 128 + 13. Node.js itself ignores that signal. */
const exitBrokenPipe = 141;

/**
 * What a terminal acts on instead of showing it, or what makes text look other than it is: control characters of ASCII and Latin-1 (with
 * them every escape sequence), marks and overrides of writing direction (Unicode, "Bidirectional Algorithm"), line and paragraph separators.
 */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const unsafeInText = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON's notation, so that JSON stays the same document. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text for one line, whoever it is from: line breaks in it are shown, too. */
export const oneLine = (text: string): string => text.replace(unsafe, escaped);

/** Text whose line breaks and tabs are meant: JSON, reports, changelogs. */
export const manyLines = (text: string): string => text.replace(unsafeInText, escaped);

/**
 * One of the two output streams. Everything that the command line prints goes through here, and nothing that isn't ours reaches the terminal raw.
 * Into a pipe it goes in one piece, as other programs' output does: a reader that has seen enough (`grep -q`) finds it written already.
 */
export class Output {
  readonly #stream: WriteStream;
  #waiting = '';
  #hasBar = false;

  constructor(stream: WriteStream) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => lost(error));
    process.on('exit', () => this.flush());
  }

  get isTTY(): boolean {
    return this.#stream.isTTY ?? false;
  }

  /** Each a line of its own. */
  print(...lines: readonly string[]): void {
    this.#write(lines.map((line) => `${oneLine(line)}\n`).join(''));
  }

  /** Text with line breaks of its own; ends with one. */
  printText(text: string): void {
    if (text !== '') this.#write(`${manyLines(text)}${text.endsWith('\n') ? '' : '\n'}`);
  }

  printJson(value: unknown, indent: number | undefined = 2): void {
    this.printText(JSON.stringify(value, undefined, indent));
  }

  /** The last line of a terminal, written over at the next call. */
  bar(line: string): void {
    this.#hasBar = true;
    this.#write(`\r${oneLine(line).slice(0, (this.#stream.columns || 80) - 1)}\u001b[K`);
  }

  clearBar(): void {
    if (!this.#hasBar) return;
    this.#hasBar = false;
    this.#write('\r\u001b[K');
  }

  flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    if (!broken) this.#stream.write(text);
  }

  #write(text: string): void {
    // in the order in which it was said, when both go to the same place
    if (this === standardError) standardOutput.flush();
    if (this.#waiting === '' && !this.isTTY) setImmediate(() => this.flush());
    this.#waiting += text;
    if (this.isTTY || this === standardError) this.flush();
  }
}

let broken = false;

/** Nobody reads any more: end without a word, as a program does that SIGPIPE ends. What runs for us is told to stop first. */
function lost(error: NodeJS.ErrnoException): void {
  if (broken) return;
  broken = true;
  const status = error.code === 'EPIPE' ? exitBrokenPipe : 1;
  process.on('exit', () => (process.exitCode = status));
  if (status === 1) process.stderr.write(`error: the output can’t be written: ${oneLine(error.message)}\n`);
  if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM', 'SIGTERM');
  else process.exit(status);
}

export const standardOutput = new Output(process.stdout);
export const standardError = new Output(process.stderr);

/** An error as one line on stderr. Returns the exit code. */
export function printError(error: unknown): number {
  standardError.print(`error: ${errorLine(TreelineError.report(error))}`);
  return 1;
}
