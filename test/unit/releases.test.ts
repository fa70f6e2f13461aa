// SPDX-License-Identifier: LGPL-2.1-or-later
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  buildReleaseChanges,
  mergeReleases,
  packReleaseChanges,
  parseReleaseChanges,
  type DescribedPackage,
} from '../../main/engine/base/diff/index.ts';
import { formatNevra, parseNevra, type Advisory, type ChangelogEntry, type ReleaseChanges } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { cpuMs } from './cpu-time.ts';

const entry = (onDay: number, text: string): ChangelogEntry => ({ timeSeconds: onDay * 86_400, author: 'Ida - 1', text });
const described = (nevra: string, size: number, ...changelog: ChangelogEntry[]): DescribedPackage => ({
  ...parseNevra(nevra)!,
  summary: `about ${nevra}`,
  installedSizeBytes: size,
  changelog,
});
const advisory = (id: string, ...packages: string[]): Advisory => ({
  id,
  kind: 'security',
  severity: 'important',
  title: `${id} <b>`,
  description: 'שלום',
  issuedSeconds: 1,
  references: [{ kind: 'cve', id: 'CVE-2026-1', title: 't', url: 'u' }],
  packages,
});

/** Four states of a tree. */
const trees: DescribedPackage[][] = [
  [described('lib-1-1.x86_64', 100, entry(1, 'one')), described('gone-1-1.noarch', 7), described('dial-2.0-1.noarch', 1, entry(1, 'd2.0'))],
  [
    described('lib-2-1.x86_64', 120, entry(2, 'two'), entry(1, 'one')),
    described('brief-1-1.noarch', 5),
    described('dial-2.1-1.noarch', 2, entry(2, 'd2.1'), entry(1, 'd2.0')),
  ],
  [
    described('lib-3-1.x86_64', 130, entry(3, 'three'), entry(2, 'two'), entry(1, 'one')),
    described('dial-2.0-2.noarch', 1, entry(3, 'back'), entry(1, 'd2.0')),
  ],
  [described('lib-3-1.x86_64', 130, entry(3, 'three')), described('gone-1-1.noarch', 7), described('dial-2.0-2.noarch', 1)],
];
const advisories = [
  advisory('A-1', 'lib-2-1.x86_64'),
  advisory('A-2', 'lib-3-1.x86_64'),
  advisory('A-3', 'other-1-1.noarch'),
  advisory('A-4', 'dial-2.1-1.noarch'),
];

const releases: ReleaseChanges[] = [1, 2, 3].map((n) =>
  buildReleaseChanges({
    parent: `c${n - 1}`,
    parentVersion: `1.${n - 1}`,
    version: `1.${n}`,
    timeSeconds: n,
    from: trees[n - 1]!,
    to: trees[n]!,
    advisories,
  }),
);
const shown = (changes: ReleaseChanges['packages']): string[] =>
  changes.map((c) => `${c.kind} ${c.from ? formatNevra(c.from) : ''} > ${c.to ? formatNevra(c.to) : ''}`);

test('a release holds its changes with changelogs, sizes and the advisories that touch it', () => {
  const [first] = releases;
  expect(first).toMatchObject({
    format: 1,
    parent: 'c0',
    parentVersion: '1.0',
    version: '1.1',
    installedSizeBytes: 127,
    installedSizeDeltaBytes: 19,
  });
  expect(shown(first!.packages)).toEqual([
    'added  > brief-1-1.noarch',
    'upgraded dial-2.0-1.noarch > dial-2.1-1.noarch',
    'removed gone-1-1.noarch > ',
    'upgraded lib-1-1.x86_64 > lib-2-1.x86_64',
  ]);
  const lib = first!.packages.find((p) => p.name === 'lib');
  expect(lib).toMatchObject({ sizeDeltaBytes: 20, summary: 'about lib-2-1.x86_64', changelog: [entry(2, 'two')], advisories: ['A-1'] });
  expect(first!.packages.find((p) => p.name === 'gone')).toMatchObject({ sizeDeltaBytes: -7, summary: 'about gone-1-1.noarch' });
  expect(first!.advisories.map((a) => a.id)).toEqual(['A-1', 'A-4']);
});

test('a first release lists nothing as changed', () => {
  const first = buildReleaseChanges({ version: '1', timeSeconds: 1, from: [], to: trees[0]! });
  expect(first).toEqual({
    format: 1,
    version: '1',
    timeSeconds: 1,
    packages: [],
    advisories: [],
    installedSizeBytes: 108,
    installedSizeDeltaBytes: 0,
  });
});

test('a skipped release’s advisory counts for the one that follows it', () => {
  const jump = buildReleaseChanges({ parent: 'c0', version: '1.2', timeSeconds: 2, from: trees[0]!, to: trees[2]!, advisories });
  expect(jump.packages.find((p) => p.name === 'lib')?.advisories).toEqual(['A-1', 'A-2']);
});

test('a downgrade brings the advisory that ships exactly it, and no other', () => {
  const back = advisory('B-1', 'dial-2.0-2.noarch');
  const down = buildReleaseChanges({
    parent: 'c',
    version: 'v',
    timeSeconds: 1,
    from: trees[1]!,
    to: trees[2]!,
    advisories: [...advisories, back],
  });
  expect(down.packages.find((p) => p.name === 'dial')).toMatchObject({ kind: 'downgraded', advisories: ['B-1'] });
  expect(mergeReleases([releases[0]!, down]).packages.find((p) => p.name === 'dial')).toMatchObject({
    kind: 'upgraded',
    advisories: ['B-1'],
  });
});

test('three releases merged: twice upgraded is once, come and gone is nothing, gone and come back is nothing', () => {
  const merged = mergeReleases(releases);
  expect(shown(merged.packages)).toEqual(['upgraded dial-2.0-1.noarch > dial-2.0-2.noarch', 'upgraded lib-1-1.x86_64 > lib-3-1.x86_64']);
  const lib = merged.packages[1]!;
  expect(lib.changelog).toEqual([entry(3, 'three'), entry(2, 'two')]);
  expect(lib.advisories).toEqual(['A-1', 'A-2']);
  expect(lib.sizeDeltaBytes).toBe(30);
  expect(merged.installedSizeDeltaBytes).toBe(30);
});

test('what a withdrawn version had brought is not shown', () => {
  const dial = mergeReleases(releases).packages[0]!;
  expect(dial.changelog).toBeUndefined();
  expect(dial.advisories).toBeUndefined();
  expect(mergeReleases(releases).advisories.map((a) => a.id)).toEqual(['A-2', 'A-1']);
});

test('merging nothing, and one', () => {
  expect(mergeReleases([]).packages).toEqual([]);
  expect(mergeReleases(releases.slice(0, 1)).packages).toEqual(releases[0]!.packages);
});

test('merging equals comparing the ends, for kernels and architectures, too', () => {
  const states = [
    ['kernel-1-1.x86_64', 'lib-1-1.x86_64', 'lib-1-1.i686', 'data-1-1.noarch', 'x-1-1.noarch'],
    ['kernel-1-1.x86_64', 'kernel-2-1.x86_64', 'lib-2-1.x86_64', 'lib-2-1.i686', 'data-2-1.x86_64'],
    ['kernel-2-1.x86_64', 'kernel-3-1.x86_64', 'lib-3-1.x86_64', 'data-3-1.noarch', 'x-2-1.noarch'],
  ].map((nevras) => nevras.map((n) => described(n, 1)));
  const step = (i: number): ReleaseChanges =>
    buildReleaseChanges({ parent: 'p', version: 'v', timeSeconds: i, from: states[i]!, to: states[i + 1]! });
  const ends = buildReleaseChanges({ parent: 'p', version: 'v', timeSeconds: 9, from: states[0]!, to: states[2]! });
  const merged = shown(mergeReleases([step(0), step(1)]).packages);
  expect(merged.filter((line) => !line.includes('kernel'))).toEqual(shown(ends.packages).filter((line) => !line.includes('kernel')));
  // which kernel replaced which isn't defined; what went and what came is
  const side = (lines: string[], n: 1 | 2): string[] =>
    lines
      .flatMap((l) => (l.includes('kernel') ? (/(\S*) > (\S*)/.exec(l)?.[n] ?? '') : ''))
      .filter(Boolean)
      .sort();
  expect(side(merged, 1)).toEqual(['kernel-1-1.x86_64']);
  expect(side(merged, 2)).toEqual(['kernel-2-1.x86_64', 'kernel-3-1.x86_64']);
});

test('twenty releases of thousands of packages merge in time', () => {
  const release = (n: number): ReleaseChanges => ({
    ...releases[0]!,
    advisories: [],
    packages: Array.from({ length: 2000 }, (_, i) => ({
      kind: 'upgraded' as const,
      name: `p${i}`,
      arch: 'noarch',
      from: { name: `p${i}`, epoch: 0, version: String(n), release: '1', arch: 'noarch' },
      to: { name: `p${i}`, epoch: 0, version: String(n + 1), release: '1', arch: 'noarch' },
    })),
  });
  const many = Array.from({ length: 20 }, (_, n) => release(n));
  expect(cpuMs(() => mergeReleases(many))).toBeLessThan(4000);
  const merged = mergeReleases(many);
  expect(merged.packages.length).toBe(2000);
  expect(merged.packages[0]).toMatchObject({ from: { version: '0' }, to: { version: '20' } });
});

test('packed and read again, equal input gives equal bytes', () => {
  for (const release of releases) {
    expect(parseReleaseChanges(packReleaseChanges(release))).toEqual(release);
    expect(packReleaseChanges(release).equals(packReleaseChanges(structuredClone(release)))).toBe(true);
  }
});

const packed = (value: unknown): Buffer => deflateSync(JSON.stringify(value));
const valid = releases[0]!;

test.each([
  ['no zlib', Buffer.from('hello')],
  ['cut off', packReleaseChanges(valid).subarray(0, 40)],
  ['no JSON', deflateSync('{')],
  ['null', packed(null)],
  ['a list', packed([])],
  ['no format', packed({ ...valid, format: undefined })],
  ['a text as time', packed({ ...valid, timeSeconds: '5' })],
  ['packages as an object', packed({ ...valid, packages: {} })],
  [
    'an upgrade without the old package',
    packed({ ...valid, packages: [{ kind: 'upgraded', name: 'a', arch: 'b', to: valid.packages[0]!.to }] }),
  ],
  ['an unknown kind', packed({ ...valid, packages: [{ ...valid.packages[0], kind: 'exploded' }] })],
  [
    'a changelog entry with a number',
    packed({ ...valid, packages: [{ ...valid.packages[0], changelog: [{ timeSeconds: 1, author: 'a', text: 5 }] }] }),
  ],
  ['an advisory with a strange severity', packed({ ...valid, advisories: [{ ...advisories[0], severity: 'apocalyptic' }] })],
  ['an infinite size', packed({ ...valid, installedSizeBytes: 1e300 })],
  ['a bomb of 200 MB', deflateSync(Buffer.alloc(200 << 20, ' '))],
])('%s is refused as corrupt, by the name of its commit', (_, bytes) => {
  const attempt = (): unknown => parseReleaseChanges(bytes, 'commit-x');
  expect(attempt).toThrow(TreelineError);
  expect(attempt).toThrow(/repo\.corrupt: commit-x/);
});

test('a later format is left alone, unknown fields of this one are dropped', () => {
  expect(parseReleaseChanges(packed({ format: 2, all: 'new' }))).toBeUndefined();
  expect(parseReleaseChanges(packed({ ...valid, later: true }))).toEqual(valid);
});
