// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isPackageFile, PackageFilesHere } from '../../../main/cli/session/package-files.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(path.join(tmpdir(), 'treeline-package-files-'))));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ['./a.rpm', true],
  ['/x/a-1-1.noarch.rpm', true],
  ['https://example.org/a.rpm', true],
  ['http://example.org/download?id=5', true],
  ['ftp://example.org/a', false],
  ['rpm', false],
  ['vim', false],
  ['/usr/bin/vim', false],
])('%s is a package file: %s', (word, is) => {
  expect(isPackageFile(word)).toBe(is);
});

test('a file is read in pieces; what is none is named', async () => {
  const file = path.join(directory, 'a.rpm');
  writeFileSync(file, '0123456789');
  using here = new PackageFilesHere();
  const [read] = await here.read([file]);
  expect(read).toMatchObject({ name: 'a.rpm', path: file, sizeBytes: 10 });
  const pieces: string[] = [];
  for await (const chunk of read?.chunks(4) ?? []) pieces.push(chunk.toString());
  expect(pieces).toEqual(['0123', '4567', '89']);
  await expect(here.read([path.join(directory, 'absent.rpm')])).rejects.toMatchObject({ code: 'file.unreadable' });
  await expect(here.read([directory])).rejects.toMatchObject({ code: 'file.unreadable' });
});
