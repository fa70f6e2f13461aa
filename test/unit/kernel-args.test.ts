// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import {
  changeKernelArgs,
  formatKernelArgs,
  kernelArg,
  parseKernelArgs,
  previewKernelArgs,
  type KargsChange,
} from '../../shared/domain/index.ts';

const none: KargsChange = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
const change = (line: string, what: Partial<KargsChange>): string =>
  formatKernelArgs(changeKernelArgs(parseKernelArgs(line), { ...none, ...what }));
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'no error';
};

describe('parsing as the kernel does', () => {
  test.each([
    ['quiet', 'quiet', undefined],
    ['root=LABEL=x', 'root', 'LABEL=x'],
    ['rd.luks.options=', 'rd.luks.options', ''],
    ['dyndbg="file drivers/usb/* +p"', 'dyndbg', 'file drivers/usb/* +p'],
    ['"dyndbg=file a.c +p"', 'dyndbg', 'file a.c +p'],
    ['acpi_osi="Windows 2015"', 'acpi_osi', 'Windows 2015'],
    ['a="b"c', 'a', 'b"c'],
  ])('%s', (raw, key, value) => {
    expect(parseKernelArgs(raw)).toEqual([{ raw, key, value }]);
  });

  test('several, with any blanks between, come back as they were (field report 13)', () => {
    const line = '  ro\tquiet  x="a b"  console=tty0 console=ttyS0,115200 KEY "q=r s" ';
    expect(parseKernelArgs(line).map((a) => a.raw)).toEqual([
      'ro',
      'quiet',
      'x="a b"',
      'console=tty0',
      'console=ttyS0,115200',
      'KEY',
      '"q=r s"',
    ]);
    const formatted = formatKernelArgs(parseKernelArgs(line));
    expect(parseKernelArgs(formatted)).toEqual(parseKernelArgs(line));
  });
});

describe('odd lines, as lib/cmdline.c reads them', () => {
  test.each<[string, readonly (readonly [key: string, value: string | undefined])[]]>([
    ['', []],
    [' \t\n ', []],
    ['"', [['', undefined]]],
    ['""', [['', undefined]]],
    ['a="', [['a', '']]],
    ['a=""', [['a', '']]],
    [
      'a="b  c"\td',
      [
        ['a', 'b  c'],
        ['d', undefined],
      ],
    ],
    ['a="b c', [['a', 'b c']]],
    ['"a b"=c', [['a b"', 'c']]],
    [
      '"a=b c" d',
      [
        ['a', 'b c'],
        ['d', undefined],
      ],
    ],
    ['a="b"" c"', [['a', 'b"" c']]],
    ['a=b"c d"e', [['a', 'b"c d"e']]],
    ['a==b', [['a', '=b']]],
    ['a=\u00a0b', [['a', '\u00a0b']]],
    [
      'a=1 a=1 a a=',
      [
        ['a', '1'],
        ['a', '1'],
        ['a', undefined],
        ['a', ''],
      ],
    ],
    ['a\\"b c"', [['a\\"b c"', undefined]]],
  ])('%j', (line, expected) => {
    const args = parseKernelArgs(line);
    expect(args.map(({ key, value }) => [key, value])).toEqual(expected);
    expect(parseKernelArgs(formatKernelArgs(args))).toEqual(args);
  });

  test.each<[string, Partial<KargsChange>, string]>([
    ['a=1 a=2 a', { remove: ['a'] }, 'a=1 a=2'],
    ['a=1 a a=2', { replace: ['a=2=3'] }, 'a=1 a a=3'],
    ['a= b', { replace: ['a=x'] }, 'a=x b'],
    ['a=x b', { replace: ['a=x='] }, 'a= b'],
    ['a="x y" b', { replace: ['a=x y=z w'] }, 'a="z w" b'],
    ['"a=x y" b', { remove: ['a=x y'] }, 'b'],
    ['"a=x y"', { appendIfMissing: ['a="x y"', 'a=x y'] }, '"a=x y"'],
    ['a a a', { deleteIfPresent: ['a'] }, ''],
    ['a', { append: ['a', 'a='], appendIfMissing: ['a', 'a=', 'a=1'] }, 'a a a= a=1'],
    ['', { append: ['ü="à b"'] }, 'ü="à b"'],
  ])('%s: %j', (line, what, expected) => {
    expect(change(line, what)).toBe(expected);
  });

  test.each([
    ['root=LABEL=Bücher', 'root=LABEL=Bücher'],
    ['x=à', 'kargs.invalid'],
    ['x=a\u00a0b', 'kargs.invalid'],
    ['x="à"', 'x="à"'],
  ])('%s', (text, expected) => {
    const made = (): string => change('', { append: [text] });
    expect(expected === 'kargs.invalid' ? code(made) : made()).toBe(expected);
  });
});

test('a change is shown before it is made', () => {
  expect(previewKernelArgs('a  b="x y" c', { ...none, append: ['d'], remove: ['c'] })).toEqual({
    before: 'a b="x y" c',
    after: 'a b="x y" d',
    changes: { added: ['d'], removed: ['c'] },
  });
  expect(previewKernelArgs('a b', { ...none, finalKargs: 'b a' })).toEqual({ before: 'a b', after: 'b a' });
  expect(code(() => previewKernelArgs('a', { ...none, remove: ['b'] }))).toBe('kargs.not-found');
});

describe('changing', () => {
  const line = 'root=LABEL=sim quiet console=tty0 console=ttyS0 x="a b"';
  test.each<[string, Partial<KargsChange>, string]>([
    ['append keeps the order', { append: ['a=1', 'a=2'] }, `${line} a=1 a=2`],
    ['append quotes blanks', { append: ['y=c d'] }, `${line} y="c d"`],
    ['append goes before what is init’s', { append: ['z'] }, `${line} z`],
    ['KEY=NEW with an equals sign in it', { replace: ['root=UUID=1-2'] }, line.replace('LABEL=sim', 'UUID=1-2')],
    ['KEY=OLD=NEW picks one of several', { replace: ['console=tty0=tty1'] }, line.replace('tty0', 'tty1')],
    ['KEY=OLD=NEW with equals signs in both', { replace: ['root=LABEL=sim=UUID=9'] }, line.replace('LABEL=sim', 'UUID=9')],
    ['replacing keeps the place', { replace: ['quiet'] }, line],
    ['delete by key', { remove: ['quiet'] }, 'root=LABEL=sim console=tty0 console=ttyS0 x="a b"'],
    ['delete exactly one of several', { remove: ['console=ttyS0'] }, 'root=LABEL=sim quiet console=tty0 x="a b"'],
    ['delete a quoted one by its value', { remove: ['x=a b'] }, 'root=LABEL=sim quiet console=tty0 console=ttyS0'],
    ['append-if-missing', { appendIfMissing: ['quiet', 'console=tty0', 'new'] }, `${line} new`],
    ['delete-if-present', { deleteIfPresent: ['nope', 'quiet', 'console=tty9'] }, line.replace(' quiet', '')],
    ['whole replacement', { finalKargs: ' a  b="c d" ' }, 'a b="c d"'],
  ])('%s', (_, what, expected) => {
    expect(change(line, what)).toBe(expected);
  });

  test('what follows -- stays last and untouched', () => {
    expect(change('quiet -- quiet 3', { append: ['ro'], remove: ['quiet'] })).toBe('ro -- quiet 3');
  });

  test('equal duplicates are no ambiguity, one is taken (field report 13)', () => {
    expect(change('a=1 b a=1', { remove: ['a=1'] })).toBe('a=1 b');
    expect(change('a=1 b a=1', { deleteIfPresent: ['a'] })).toBe('b');
  });

  test.each<[string, Partial<KargsChange>, string]>([
    ['delete of what is not there', { remove: ['nope'] }, 'kargs.not-found'],
    ['delete of another value', { remove: ['quiet=1'] }, 'kargs.not-found'],
    ['replace of what is not there', { replace: ['nope=1'] }, 'kargs.not-found'],
    ['delete of a key with several values', { remove: ['console'] }, 'kargs.ambiguous'],
    ['replace of a key with several values', { replace: ['console=tty5'] }, 'kargs.ambiguous'],
    ['open quote', { append: ['a="b'] }, 'kargs.invalid'],
    ['newline', { append: ['a=b\nc'] }, 'kargs.invalid'],
    ['no key', { append: ['=b'] }, 'kargs.invalid'],
    ['blank in a key', { append: ['a b'] }, 'kargs.invalid'],
    ['empty', { append: ['  '] }, 'kargs.invalid'],
  ])('%s is refused', (_, what, expected) => {
    expect(code(() => change(line, what))).toBe(expected);
  });

  test('an argument given with quotes is kept as given', () => {
    expect(kernelArg('x="a b"').raw).toBe('x="a b"');
  });
});
