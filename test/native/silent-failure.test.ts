// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bindChecked, bindStatus, Ptr, unexpected } from '../../main/native/core/index.ts';

test('FALSE or NULL without a GError is an error that names the call; other values are values', () => {
  // functions that never set an error: the further argument is ignored by C's calling convention
  const flag = bindChecked('c', 'abs', 'int', ['int'], unexpected);
  const pointer = bindChecked('c', 'getenv', Ptr, ['str'], unexpected);
  const text = bindChecked('c', 'getenv', 'str', ['str'], unexpected);
  expect(flag(1)).toBe(1);
  expect(pointer('PATH')).toBeTruthy();
  expect(text('TREELINE_NO_SUCH_VARIABLE')).toBeNull();
  for (const [call, name] of [
    [() => flag(0), 'abs'],
    [() => pointer('TREELINE_NO_SUCH_VARIABLE'), 'getenv'],
  ] as const)
    expect(call).toThrow(
      expect.objectContaining({
        report: { code: 'internal.unexpected', subject: name, detail: 'it failed without an error' },
      }) as Error,
    );
});

test('a number that says that a call failed is an error', () => {
  const isZero = bindStatus('c', 'abs', ['int']);
  const isOne = bindStatus('c', 'abs', ['int'], (status) => status === 1);
  isZero(0);
  isOne(-1);
  expect(() => isZero(5)).toThrow(
    expect.objectContaining({ report: { code: 'internal.unexpected', subject: 'abs', detail: 'it failed (5)' } }) as Error,
  );
  expect(() => isOne(0)).toThrow('abs: it failed (0)');
});

/** Giving back, and what is tried. */
const mayFail = new Set(
  [
    'archive_read_free',
    'cap_free',
    'cap_get_flag',
    'close',
    'ioctl',
    'umount2',
    'Fclose',
    'rpmtsCloseDB',
    'rpmPopMacro',
    'headerDel',
  ].concat(
    // what rpmtsSetVfyLevel returns is the level before
    ['rpmtsSetVfyLevel', 'sqlite3_close_v2', 'sqlite3_finalize', 'sqlite3_reset'],
  ),
);

test('no call of a C function that says by a number whether it worked stands alone', () => {
  const native = path.join(import.meta.dirname, '../../main/native');
  const names = readdirSync(native, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const sources = names.map((name) => ({ name, text: readFileSync(path.join(native, name), 'utf8') }));
  const declaration = /(\w+)(?:: | = )(?:bind|fn)\(\s*(?:'\w+',\s*)?'(\w+)',\s*'(?:int|bool|int64|long|ssize_t)'/g;
  const declared = sources.flatMap(({ name: file, text }) =>
    [...text.matchAll(declaration)].map(([, name = '', call = '']) => ({ file, name, call })),
  );
  const alone = declared
    .filter(({ call }) => !mayFail.has(call))
    .flatMap(({ file, name }) => {
      const use = new RegExp(`^ *(?:(?:for|if) \\(.*\\) |\\(\\) => |void )?((?:\\w+\\.)?${name}\\(.*\\);)$`, 'gm');
      // of others, only through the module that declares it
      return sources
        .filter(({ name: at, text }) => at === file || text.includes(path.basename(file)))
        .flatMap(({ name: at, text }) => [...text.matchAll(use)].map(([, line]) => `${at}: ${line}`));
    });
  expect(declared.length).toBeGreaterThan(40);
  expect(alone).toEqual([]);
});
