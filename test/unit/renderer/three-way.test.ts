// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { linesOf, threeWay, twoWay, type Stretch } from '../../../renderer/ui/files/three-way.ts';
import { cpuMs } from '../cpu-time.ts';

const text = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const kinds = (stretches: readonly Stretch[] | undefined): string[] => (stretches ?? []).map(({ kind }) => kind);

/** What a stretch list must always be: the three texts, cut into pieces. */
function expectWhole(stretches: readonly Stretch[] | undefined, base: string, yours: string, vendor: string): void {
  const all = { base: [] as string[], yours: [] as string[], vendor: [] as string[] };
  for (const stretch of stretches ?? []) {
    for (const side of ['base', 'yours', 'vendor'] as const) {
      expect(stretch[`${side}Start`]).toBe(all[side].length + 1);
      all[side].push(...stretch[side]);
    }
    if (stretch.kind === 'same') expect([stretch.yours, stretch.vendor]).toEqual([stretch.base, stretch.base]);
    if (stretch.kind === 'yours') expect(stretch.vendor).toEqual(stretch.base);
    if (stretch.kind === 'vendor') expect(stretch.yours).toEqual(stretch.base);
    if (stretch.kind === 'both-same') expect(stretch.yours).toEqual(stretch.vendor);
  }
  expect(all).toEqual({ base: linesOf(base), yours: linesOf(yours), vendor: linesOf(vendor) });
}

describe('three-way comparison', () => {
  const base = text('a', 'b', 'c', 'd', 'e', 'f');

  it('tells apart who changed what', () => {
    const yours = text('a', 'B', 'c', 'd', 'E', 'f');
    const vendor = text('a', 'b', 'c', 'D', 'd', 'e!', 'f', 'g');
    const stretches = threeWay(base, yours, vendor);
    expectWhole(stretches, base, yours, vendor);
    expect(kinds(stretches)).toEqual(['same', 'yours', 'same', 'vendor', 'same', 'both', 'same', 'vendor']);
  });

  it('sees the same change on both sides, and no change at all', () => {
    const both = text('a', 'x', 'c', 'd', 'e', 'f');
    expect(kinds(threeWay(base, both, both))).toEqual(['same', 'both-same', 'same']);
    expect(kinds(threeWay(base, base, base))).toEqual(['same']);
  });

  it('takes touching changes as one that can’t be told apart', () => {
    const stretches = threeWay(base, text('a', 'x', 'c', 'd', 'e', 'f'), text('a', 'b', 'y', 'd', 'e', 'f'));
    expect(kinds(stretches)).toEqual(['same', 'both', 'same']);
    expect(stretches?.[1]).toMatchObject({ base: ['b', 'c'], yours: ['x', 'c'], vendor: ['b', 'y'], baseStart: 2 });
  });

  it('works with empty and missing files, without a last line end, and with CRLF as a difference', () => {
    for (const [yours, vendor] of [
      ['', text('n')],
      [text('n'), ''],
      ['a\nb', 'a\r\nb\r\n'],
    ] as const) {
      for (const from of ['', base]) expectWhole(threeWay(from, yours, vendor), from, yours, vendor);
    }
    expect(threeWay('', '', '')).toEqual([]);
    expect(kinds(threeWay('a\n', 'a\r\n', 'a\n'))).toEqual(['yours']);
  });

  it('is whole for any three texts', () => {
    let seed = 20_261_125;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const any = (): string => text(...Array.from({ length: random(30) }, () => 'abcdef'[random(6)] ?? ''));
    for (let round = 0; round < 300; round++) {
      const [a, b, c] = [any(), any(), any()];
      expectWhole(threeWay(a, b, c), a, b, c);
    }
  });

  it('gives up on files that have nothing in common instead of holding up the window', () => {
    const long = (seed: number): string => Array.from({ length: 25_000 }, (_, index) => `${(index * seed) % 7919}`).join('\n');
    expect(cpuMs(() => expect(threeWay(long(31), long(57), long(3))).toBeUndefined())).toBeLessThan(5000);
  });
});

describe('two-way comparison', () => {
  it('numbers lines on both sides and leaves out what is far from a change', () => {
    const from = text(...Array.from({ length: 20 }, (_, index) => `line ${index + 1}`));
    const lines = twoWay(from, from.replace('line 10\n', 'ten\nten and a half\n'), 2);
    expect(lines).toEqual([
      { type: 'gap', count: 7 },
      { type: 'same', text: 'line 8', from: 8, to: 8 },
      { type: 'same', text: 'line 9', from: 9, to: 9 },
      { type: 'removed', text: 'line 10', from: 10 },
      { type: 'added', text: 'ten', to: 10 },
      { type: 'added', text: 'ten and a half', to: 11 },
      { type: 'same', text: 'line 11', from: 11, to: 12 },
      { type: 'same', text: 'line 12', from: 12, to: 13 },
      { type: 'gap', count: 8 },
    ]);
  });

  it('shows a gap of one line as that line', () => {
    expect(twoWay(text('a', 'b', 'c', 'd'), text('a', 'b', 'c', 'D'), 2)?.map(({ type }) => type)).toEqual([
      'same',
      'same',
      'same',
      'removed',
      'added',
    ]);
  });
});
