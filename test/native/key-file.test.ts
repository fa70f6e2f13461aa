// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { KeyFile } from '../../main/files/index.ts';
import { bind, decodeError, GErrorOut, ownedStr, Ptr } from '../../main/native/core/index.ts';
import { keyFile, keyFileDamage } from '../../main/native/ostree/keyfile.ts';
import { generator } from '../fuzz/mutate.ts';

// GLib is the judge of what a key file says
const getString = bind('glib', 'g_key_file_get_string', ownedStr(), [Ptr, 'str', 'str', GErrorOut]);
const getList = bind('glib', 'g_key_file_get_string_list', Ptr, [Ptr, 'str', 'str', koffi.out(koffi.pointer('size_t')), Ptr]);
const getKeys = bind('glib', 'g_key_file_get_keys', Ptr, [Ptr, 'str', koffi.out(koffi.pointer('size_t')), Ptr]);
const freeList = bind('glib', 'g_strfreev', 'void', [Ptr]);

/** G_KEY_FILE_ERROR_INVALID_VALUE of gkeyfile.h. */
const invalidValue = 5;

const groups = ['origin', 'packages', 'remote "a b"', 'x-y'];
const keys = ['refspec', 'requested', 'Key-1', 'a.b', 'with space'];

function strings(list: unknown, length: [number | bigint]): string[] | undefined {
  if (!list) return undefined;
  const found = koffi.decode(list, 'str', Number(length[0])) as string[];
  freeList(list);
  return found;
}

/** What GLib reads; undefined where it refuses the file. */
function byGlib(text: string): Record<string, unknown> | undefined {
  if (keyFileDamage(Buffer.from(text)) !== undefined) return undefined;
  using file = keyFile(text);
  const said: Record<string, unknown> = {};
  for (const group of groups) {
    const count: [number | bigint] = [0];
    // a key that comes twice is listed twice, though only its last value counts
    said[group] = [...new Set(strings(getKeys(file.pointer, group, count, null), count))];
    for (const key of keys) {
      const error: [unknown] = [null];
      const value = getString(file.pointer, group, key, error) ?? undefined;
      // of an escape that is none GLib says so, and 2.74, unlike 2.84, what stands there as well
      const invalid = error[0] ? decodeError(error[0]).code === invalidValue : false;
      said[`${group} ${key}`] = value === undefined && invalid ? expect.anything() : value;
      const length: [number | bigint] = [0];
      said[`${group} ${key} list`] = strings(getList(file.pointer, group, key, length, null), length) ?? [];
    }
  }
  return said;
}

function byUs(text: string): Record<string, unknown> {
  const file = new KeyFile(text);
  const said: Record<string, unknown> = {};
  for (const group of groups) {
    said[group] = file.keys(group);
    for (const key of keys) {
      said[`${group} ${key}`] = file.get(group, key);
      said[`${group} ${key} list`] = file.list(group, key);
    }
  }
  return said;
}

const pieces = ['', 'a', 'b c', '\\s', '\\n', '\\t', '\\\\', ';', '\\;', '=', '#', ' ', 'ü', '"', '[x]', ';;', ' ; '];

/** Files as programs and people write them: groups twice, keys twice, blanks, comments, escapes. */
function written(seed: number): string {
  const random = generator(seed);
  const one = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const blank = (): string => one(['', '', ' ', '\t']);
  const lines = Array.from({ length: 1 + random(12) }, () => {
    const kind = random(8);
    if (kind === 0) return '';
    if (kind === 1) return `${blank()}# ${one(pieces)}`;
    if (kind === 2) return `[${one(groups)}]${blank()}`;
    return `${blank()}${one(keys)}${blank()}=${blank()}${Array.from({ length: random(5) }, () => one(pieces)).join('')}`;
  });
  return [`[${one(groups)}]`, ...lines, ''].join(one(['\n', '\n', '\r\n']));
}

test('reads what GLib reads, wherever GLib reads anything', () => {
  let read = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const text = written(seed);
    const judge = byGlib(text);
    if (judge === undefined) continue;
    read++;
    expect(byUs(text), JSON.stringify(text)).toEqual(judge);
  }
  expect(read).toBeGreaterThan(750);
});

test('what was changed says to GLib what was meant, and leaves the rest', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const text = written(seed);
    const before = byGlib(text);
    if (before === undefined) continue;
    const file = new KeyFile(text);
    file.set('origin', 'refspec', 'a:b/c');
    file.set('packages', 'requested', undefined);
    const after = byGlib(file.text);
    expect(after?.['origin refspec'], JSON.stringify(text)).toBe('a:b/c');
    expect(after?.['packages requested']).toBeUndefined();
    for (const [name, value] of Object.entries(before)) {
      if (/^(origin refspec|packages requested)/.test(name) || groups.includes(name)) continue;
      expect([name, after?.[name]], JSON.stringify(text)).toEqual([name, value]);
    }
  }
});
