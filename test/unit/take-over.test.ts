// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeOver } from '../../main/engine/host/upgrade/take-over.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(path.join(tmpdir(), 'take-over-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const content = Buffer.alloc(3 << 20, 'layer ');
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
const from = (): string => path.join(directory, 'from');
const to = (): string => path.join(directory, 'to');
const take = (): void => takeOver(from(), to(), digest, content.length);

test('a layer is copied, and gone where it was', () => {
  writeFileSync(from(), content);
  take();
  expect(readFileSync(to()).equals(content)).toBe(true);
  expect(lstatSync(to()).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['to']);
});

const elsewhere = (): string => path.join(directory, 'elsewhere');
test.each<[string, () => void]>([
  ['nothing', () => undefined],
  ['another content', () => writeFileSync(from(), Buffer.alloc(content.length, 'x'))],
  ['half of it', () => writeFileSync(from(), content.subarray(1))],
  ['more than it', () => writeFileSync(from(), Buffer.concat([content, content]))],
  ['a link to it', () => (writeFileSync(elsewhere(), content), symlinkSync(elsewhere(), from()))],
  ['a pipe', () => void execFileSync('mkfifo', [from()])],
])('%s is refused, and out of the way for the next attempt', (_, put) => {
  put();
  expect(take).toThrow(
    expect.objectContaining({ code: 'repo.corrupt', report: expect.objectContaining({ subject: digest }) as unknown }) as Error,
  );
  expect(existsSync(to())).toBe(false);
  expect(readdirSync(directory).filter((name) => name !== 'elsewhere')).toEqual([]);
  if (existsSync(elsewhere())) expect(readFileSync(elsewhere()).equals(content)).toBe(true);
});

test('a directory is refused and stays', () => {
  mkdirSync(from());
  expect(take).toThrow();
  expect(existsSync(to())).toBe(false);
});

test('another name of the file that was fetched can’t change what was taken', () => {
  writeFileSync(from(), content);
  linkSync(from(), elsewhere());
  take();
  writeFileSync(elsewhere(), 'changed');
  expect(readFileSync(to()).equals(content)).toBe(true);
});
