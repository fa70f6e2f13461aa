// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import {
  changeKernelArgs,
  formatKernelArgs,
  kernelArg,
  parseKernelArgs,
  type KargsChange,
} from '../../main/engine/host/kargs/kernel-args.ts';

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
