// SPDX-License-Identifier: LGPL-2.1-or-later
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { manyLines, oneLine, Output } from '../../../main/cli/output/terminal.ts';
import { ProgressPrinter } from '../../../main/cli/output/progress.ts';
import type { JobState } from '../../../shared/domain/index.ts';

const hostile = 'a\u001b]0;x\u0007\u009b31m\u007f\r\u202eb\u2066c\u200f\u061c\u2028\u2029d\ne\tf';

test('what a terminal acts on is shown as what it is', () => {
  const shown = 'a\\u001b]0;x\\u0007\\u009b31m\\u007f\\u000d\\u202eb\\u2066c\\u200f\\u061c\\u2028\\u2029d';
  expect(oneLine(hostile)).toBe(`${shown}\\u000ae\\u0009f`);
  expect(manyLines(hostile)).toBe(`${shown}\ne\tf`);
  const harmless = 'Zoë – “x” 日本 🌲 e\u0301 \\ \u00a0';
  expect(oneLine(harmless)).toBe(harmless);
});

test('every character of the first planes is either printed as it is or in a form without effect', () => {
  for (let code = 0; code < 0x3000; code++) {
    const printed = oneLine(String.fromCharCode(code));
    // \p{Cc}: control characters; Bidi_Control; Zl, Zp: line and paragraph separators
    expect(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(printed), code.toString(16)).toBe(false);
  }
});

function capture(tty: boolean): { output: Output; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY: tty, columns: 80 });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const output = new Output(stream as unknown as NodeJS.WriteStream & { fd: 1 });
  return {
    output,
    text: () => {
      output.flush();
      return text;
    },
  };
}

test('JSON stays the same document', () => {
  const { output, text } = capture(false);
  output.printJson({ [hostile]: [hostile] });
  expect(text()).not.toMatch(/[\p{Bidi_Control}\p{Zl}\p{Zp}\u007f-\u009f\u001b]/u);
  expect(JSON.parse(text())).toEqual({ [hostile]: [hostile] });
});

test.each([true, false])('progress and messages of jobs, on a terminal: %s', (tty) => {
  const { output, text } = capture(tty);
  const printer = new ProgressPrinter(output, false);
  const job: JobState = {
    id: '',
    title: 't',
    method: '',
    owner: '',
    startedAt: 1,
    phase: 'running',
    messages: ['first\nsecond \u001b[2J'],
  };
  printer.show({ ...job, progress: { step: 'pull \u001b[5m\n', stepIndex: 0, stepCount: 1, fraction: 0.5 } });
  printer.clear();
  expect(text()).toContain('first\nsecond \\u001b[2J\n');
  expect(text()).toContain('pull \\u001b[5m\\u000a');
  // our own: to the start of the line, and clear it
  expect(text().replaceAll('\r', '').replaceAll('\u001b[K', '')).not.toMatch(/\u001b/);
});
