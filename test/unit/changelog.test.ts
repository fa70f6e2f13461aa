// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { joinChangelogs, newChangelogEntries } from '../../main/engine/base/diff/index.ts';
import type { ChangelogEntry } from '../../shared/domain/index.ts';
import { cpuMs } from './cpu-time.ts';

const day = 86_400;
const entry = (onDay: number, text: string, author = 'Ida <ida@meadow.example>'): ChangelogEntry => ({
  timeSeconds: onDay * day,
  author,
  text,
});
const texts = (entries: readonly ChangelogEntry[]): string[] => entries.map((e) => e.text);

const a = entry(1, 'a');
const b = entry(5, 'b');
const c = entry(9, 'c');

test('only what is above the newest known entry', () => {
  expect(newChangelogEntries([b, a], [c, b, a])).toEqual([c]);
  expect(newChangelogEntries([a], [c, b, a])).toEqual([c, b]);
  expect(newChangelogEntries([c, b, a], [c, b, a])).toEqual([]);
});

test('an old package without a changelog makes all entries new; a new one without makes none', () => {
  expect(newChangelogEntries([], [b, a])).toEqual([b, a]);
  expect(newChangelogEntries([b, a], [])).toEqual([]);
});

test('entries of one day are told apart by their text', () => {
  const again = entry(5, 'b, second build');
  expect(texts(newChangelogEntries([b, a], [again, b, a]))).toEqual(['b, second build']);
  const third = entry(5, 'b, third build');
  expect(texts(newChangelogEntries([again, b, a], [third, again, b, a]))).toEqual(['b, third build']);
  // word for word the same twice on one day: the second one is new
  expect(newChangelogEntries([b, a], [b, b, a]).length).toBe(1);
});

test('a corrected text of a known entry is no news', () => {
  expect(newChangelogEntries([b, a], [c, entry(5, 'b with its CVE'), a])).toEqual([c]);
  expect(newChangelogEntries([b, a], [entry(5, 'b with its CVE'), a])).toEqual([]);
});

test('a correction and a second build on the same day', () => {
  const second = entry(5, 'second build');
  expect(texts(newChangelogEntries([b, a], [second, entry(5, 'b corrected'), a]))).toEqual(['second build']);
});

test('an entry dated before the newest known one, but above it', () => {
  const branch = entry(4, 'built earlier on a branch');
  expect(newChangelogEntries([b, a], [branch, b, a])).toEqual([branch]);
});

test('an entry slipped into the old history is no news', () => {
  expect(newChangelogEntries([b, a], [b, entry(3, 'added afterwards'), a])).toEqual([]);
});

test('a shortened history', () => {
  expect(newChangelogEntries([b, a], [c, b])).toEqual([c]);
  // all that was known is gone: dates decide
  expect(newChangelogEntries([b, a], [entry(12, 'd'), c])).toEqual([entry(12, 'd'), c]);
});

test('a rewritten history: only later dates count, or the same day when there is nothing later', () => {
  const rewritten = [entry(9, 'new', 'bot'), entry(5, 'b rewritten', 'bot'), entry(1, 'a rewritten', 'bot')];
  expect(texts(newChangelogEntries([b, a], rewritten))).toEqual(['new']);
  expect(texts(newChangelogEntries([b, a], rewritten.slice(1)))).toEqual(['b rewritten']);
  expect(newChangelogEntries([c], [entry(5, 'older and other', 'bot')])).toEqual([]);
});

test('10,000 entries on each side', () => {
  const old = Array.from({ length: 10_000 }, (_, i) => entry(20_000 - i, `entry ${20_000 - i}\nwith a <b>second</b> line`));
  const fresh = Array.from({ length: 50 }, (_, i) => entry(20_050 - i, `new ${i}`));
  const spent = cpuMs(() => {
    expect(newChangelogEntries(old, [...fresh, ...old])).toEqual(fresh);
    expect(newChangelogEntries(old, old)).toEqual([]);
  });
  expect(spent).toBeLessThan(4000);
});

test('lists are joined newest first, each entry once', () => {
  expect(joinChangelogs([[c], [b, a], [c, b]])).toEqual([c, b, a]);
});
