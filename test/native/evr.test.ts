// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareEvr, compareVersions, parseEvr } from '../../shared/domain/index.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What rpm itself says, -1, 0 or 1 for each pair. */
function askRpm(pairs: readonly (readonly [string, string])[]): number[] {
  const script = path.join(scratch, 'compare.lua');
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  // inside a macro, print() ends no line
  const lines = pairs.map(([a, b]) => `t[#t+1] = rpm.vercmp(${quote(a)}, ${quote(b)})`);
  writeFileSync(script, ['t = {}', ...lines, 'print(table.concat(t, "\\n"))'].join('\n'));
  const out = execFileSync('rpm', ['--eval', `%{lua: dofile("${script}")}`], { encoding: 'utf8' });
  return out
    .trim()
    .split('\n')
    .map((line) => Math.sign(Number(line)));
}

/** The same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

const parts = [
  '0',
  '1',
  '2',
  '9',
  '10',
  '00',
  '007',
  '010',
  '20260101',
  'a',
  'b',
  'rc',
  'RC',
  'Z',
  'alpha',
  '.',
  '.',
  '.',
  '_',
  '+',
  '~',
  '^',
  '~~',
  '^^',
  '..',
  'é',
  'ß',
];

function versions(count: number, seed: number): [string, string][] {
  const next = random(seed);
  const version = (): string => Array.from({ length: 1 + next(5) }, () => parts[next(parts.length)] ?? '').join('');
  return Array.from({ length: count }, () => {
    const a = version();
    // often nearly the same: that is where rules matter
    const b = next(3) === 0 ? version() : a.slice(0, next(a.length + 1)) + (parts[next(parts.length)] ?? '') + (next(2) ? a.slice(-1) : '');
    return [a, b];
  });
}

test('versions are ordered as rpm orders them', () => {
  const pairs = versions(2000, 7);
  const expected = askRpm(pairs);
  expect(expected.length).toBe(pairs.length);
  expect(new Set(expected)).toEqual(new Set([-1, 0, 1]));
  const wrong = pairs.filter(([a, b], i) => compareVersions(a, b) !== expected[i]).map(([a, b]) => `${a} ? ${b}`);
  expect(wrong).toEqual([]);
});

test('comparing the other way round gives the opposite', () => {
  const pairs = versions(1000, 11);
  expect(pairs.filter(([a, b]) => compareVersions(a, b) !== -compareVersions(b, a) && compareVersions(a, b) !== 0)).toEqual([]);
});

test('epoch, version and release are compared apart, as rpm does (field report 1)', () => {
  const next = random(23);
  const versionPairs = versions(600, 29).filter(([a, b]) => a !== '' && b !== '');
  const releasePairs = versions(600, 31);
  const evr = (version: string, release: string): string => `${next(4) === 0 ? `${next(3)}:` : ''}${version}-${release || '1'}`;
  const pairs = versionPairs.map(([a, b], i): [string, string] => {
    const [r, s] = releasePairs[i] ?? ['1', '2'];
    return [evr(a, r), evr(next(2) ? a : b, s)];
  });
  const expected = askRpm(pairs);
  const order = ([a, b]: [string, string]): number => compareEvr(parseEvr(a)!, parseEvr(b)!);
  expect(pairs.filter((pair, i) => order(pair) !== expected[i])).toEqual([]);
});
