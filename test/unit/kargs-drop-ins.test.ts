// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { mergeDropIns, parseDropIn } from '../../main/engine/host/kargs/drop-ins.ts';
import { formatKernelArgs, parseKernelArgs } from '../../shared/domain/index.ts';

const read = (text: string | Buffer, architecture = 'x86_64'): unknown => {
  const { args, problem } = parseDropIn('/f.toml', Buffer.from(text), architecture);
  return problem ?? args.map((arg) => arg.raw);
};

test.each<[string, unknown]>([
  // as bootc's own and distributions' files are
  ['kargs = ["kargsd-test=1", "kargsd-othertest=2"]\n', ['kargsd-test=1', 'kargsd-othertest=2']],
  ['# why\nkargs = ["console=ttyS0,115200n8", "console=hvc0"]', ['console=ttyS0,115200n8', 'console=hvc0']],
  ['kargs = ["nosmt"]\nmatch-architectures = ["x86_64", "aarch64"]', ['nosmt']],
  ['kargs = ["nosmt"]\nmatch-architectures = ["aarch64"]', []],
  ['kargs = ["nosmt"]\nmatch-architectures = []', []],
  ['kargs = []', []],
  ['kargs = ["acpi_osi=!Windows 2012", "\\u0061=\\"b c\\""]', ['acpi_osi="!Windows 2012"', 'a="b c"']],
  ['[install]\nkargs = ["localtestkarg=somevalue"]', '“install” is none of its keys'],
  ['kargs = "quiet"', '“kargs” is no list'],
  ['', '“kargs” is no list'],
  ['kargs = ["a", 1]', '“kargs” holds something else than texts'],
  ['kargs = ["a"]\nmatch-architectures = "x86_64"', '“match-architectures” is no list'],
  ['kargs = ["a"', expect.stringMatching(/^Invalid TOML/)],
  ['kargs = ["a b"]', '“a b”: a key can’t hold blanks'],
  ['kargs = [""]', '“”: it is empty'],
  ['kargs = ["a=\\nb"]', expect.stringContaining('control character')],
  ['kargs = ["a"]\nkargs = ["b"]', expect.stringMatching(/^Invalid TOML/)],
])('%j', (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test('bytes that aren’t UTF-8 are named, not guessed', () => {
  expect(read(Buffer.from([0x6b, 0xff]))).toEqual(expect.stringMatching(/utf-8/i));
});

const merged = (current: string, before: string, after: string): string =>
  formatKernelArgs(mergeDropIns(parseKernelArgs(current), parseKernelArgs(before), parseKernelArgs(after)));

test.each([
  ['what comes, goes and stays', 'root=x quiet a=1 own', 'quiet a=1', 'quiet a=2 b', 'root=x quiet own a=2 b'],
  ['what somebody took away stays away', 'root=x', 'quiet a=1', 'quiet a=1 b', 'root=x b'],
  ['what is there already doesn’t come twice', 'b root=x', '', 'b', 'b root=x'],
  ['another value of a key is another argument', 'console=tty0 a=9', 'console=tty1 a', 'console=tty2', 'console=tty0 a=9 console=tty2'],
  ['quoted in another way is the same', 'root=x "a=b c"', 'a="b c"', '', 'root=x'],
  ['what follows -- is init’s', 'a b -- a', 'a', 'c', 'b c -- a'],
  ['the same in several files', 'root=x', '', 'a a', 'root=x a'],
  ['no kargs.d any more', 'root=x a b', 'a b', '', 'root=x'],
])('%s', (_, current, before, after, expected) => {
  expect(merged(current, before, after)).toBe(expected);
});
