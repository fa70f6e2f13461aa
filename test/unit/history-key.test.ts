// SPDX-License-Identifier: LGPL-2.1-or-later
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  ancestorsOf,
  extendHistory,
  historyOf,
  packHistory,
  packReleaseChanges,
  type CommitMetadata,
} from '../../main/engine/base/diff/index.ts';
import type { ReleaseChanges } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';

const changesTo = (n: number, text = ''): ReleaseChanges => ({
  format: 1,
  ...(n > 0 ? { parent: `c${n - 1}`, parentVersion: `1.${n - 1}` } : {}),
  version: `1.${n}`,
  timeSeconds: n,
  packages: [
    { kind: 'added', name: `p${n}${text}`, arch: 'noarch', to: { name: `p${n}`, epoch: 0, version: '1', release: '1', arch: 'noarch' } },
  ],
  advisories: [],
  installedSizeBytes: 1,
  installedSizeDeltaBytes: 0,
});

function commit(n: number, keys: Readonly<Record<string, Buffer>>): CommitMetadata {
  return { checksum: `c${n}`, parent: n > 0 ? `c${n - 1}` : '', version: `1.${n}`, value: (key) => keys[key] as never };
}

/** A branch of `count` commits as compose makes them. */
function branch(count: number, text: (n: number) => string = () => ''): CommitMetadata[] {
  const commits: CommitMetadata[] = [];
  for (let n = 0; n < count; n++) {
    const before = commits.at(-1);
    const history = before ? extendHistory(before) : [];
    const keys = { 'treeline.changes': packReleaseChanges(changesTo(n, text(n))) };
    commits.push(commit(n, history.length > 0 ? { ...keys, 'treeline.history': packHistory(history) } : keys));
  }
  return commits;
}

/** Text that doesn't compress. */
const noise = (n: number): string => Array.from({ length: 30_000 }, (_, i) => ((Math.sin(n * 1e5 + i) * 1e9) | 0).toString(36)).join('');

describe('treeline.history', () => {
  test('a commit tells of the twenty releases before it, newest first, each the parent of the one before', () => {
    const commits = branch(30);
    const told = historyOf(commits[29]!);
    expect(told.map((r) => r.checksum)).toEqual(Array.from({ length: 20 }, (_, i) => `c${28 - i}`));
    expect(told[3]?.changes).toEqual(changesTo(25));
    expect(ancestorsOf(told)).toEqual([...told.map((r) => r.checksum), 'c8']);
    expect(historyOf(commits[1]!).map((r) => r.checksum)).toEqual(['c0']);
    // the first commit has nothing before it
    expect(ancestorsOf(historyOf(commits[5]!))).toEqual(['c4', 'c3', 'c2', 'c1', 'c0']);
    expect(historyOf(commits[0]!)).toEqual([]);
    expect(ancestorsOf([])).toEqual([]);
  });

  test('long texts shorten it', () => {
    const commits = branch(12, noise);
    const packed = commits[11]!.value('treeline.history', 'ay')!;
    expect(packed.byteLength).toBeLessThanOrEqual(384 << 10);
    const told = historyOf(commits[11]!).map((r) => r.checksum);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(11);
    expect(told[0]).toBe('c10');
  });

  test('what doesn’t lead on from its commit is left out', () => {
    const history = [4, 3, 1].map((n) => ({ checksum: `c${n}`, changes: changesTo(n) }));
    expect(historyOf(commit(5, { 'treeline.history': packHistory(history) })).map((r) => r.checksum)).toEqual(['c4', 'c3']);
    expect(historyOf(commit(9, { 'treeline.history': packHistory(history) }))).toEqual([]);
  });

  test('a parent composed by others, or with a list that can’t be read, ends it', () => {
    expect(extendHistory(commit(3, {}))).toEqual([]);
    expect(extendHistory(commit(3, { 'treeline.changes': Buffer.from('x') }))).toEqual([]);
    expect(extendHistory(commit(3, { 'treeline.changes': packReleaseChanges(changesTo(2)) }))).toEqual([]);
    const broken = { 'treeline.changes': packReleaseChanges(changesTo(3)), 'treeline.history': Buffer.from('broken') };
    expect(extendHistory(commit(3, broken))).toEqual([]);
  });

  test('bytes that aren’t one, seeded: a typed error that names the version, never another', () => {
    const good = packHistory([{ checksum: 'c4', changes: changesTo(4) }]);
    const bad = [
      Buffer.alloc(0),
      deflateSync('{}'),
      deflateSync('[{"checksum":"c4"}]'),
      deflateSync(JSON.stringify([{ checksum: 'c4', ...changesTo(4), packages: 1 }])),
      ...Array.from({ length: 200 }, (_, seed) => {
        const bytes = Buffer.from(good);
        for (let i = 0; i <= seed % 3; i++) bytes[(seed * 31 + i * 17) % bytes.length] = (seed * 7 + i) & 255;
        return bytes;
      }),
    ];
    let refused = 0;
    for (const bytes of bad) {
      try {
        historyOf(commit(5, { 'treeline.history': bytes }));
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(TreelineError);
        expect((error as TreelineError).report).toMatchObject({ code: 'repo.corrupt', subject: '1.5' });
      }
    }
    expect(refused).toBeGreaterThan(100);
    // a list of a later format, and odd members, are no error
    expect(historyOf(commit(5, { 'treeline.history': deflateSync('[1,null]') }))).toEqual([]);
    expect(historyOf(commit(5, { 'treeline.history': deflateSync(JSON.stringify([{ checksum: 'c4', format: 2 }])) }))).toEqual([]);
  });
});
