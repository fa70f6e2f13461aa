// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { privateDirectory } from '../../../main/files/index.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'treeline-private-'));
afterAll(() => rmSync(dir, { recursive: true }));
const mode = (...names: string[]): string => (statSync(path.join(dir, ...names)).mode & 0o777).toString(8);

test('only the last directory is closed to others, and what is there stays as it is', () => {
  const made = path.join(dir, 'cache/treeline/packages');
  privateDirectory(made);
  mkdirSync(path.join(dir, 'ordinary'));
  const ordinary = mode('ordinary');
  expect([mode('cache'), mode('cache/treeline'), mode('cache/treeline/packages')]).toEqual([ordinary, ordinary, '700']);
  chmodSync(made, 0o750);
  privateDirectory(made);
  expect(mode('cache/treeline/packages')).toBe('750');
});
