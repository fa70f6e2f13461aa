// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Package, PackageChange, ReleaseChanges } from '../../../shared/domain/index.ts';
import { packHistory, packReleaseChanges, type CommitMetadata, type PkglistRow } from '../../../main/engine/base/diff/index.ts';
import { imageChangesOf, packImageChanges, readImageChanges, type ImageChanges } from '../../../main/engine/images/changes-artifact.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const checksum = (release: number): string => hash(`commit ${release}`);
const names = Array.from({ length: 450 }, (_, i) => `package-${hash(String(i)).slice(0, 8)}`);
const packages = (release: number): PkglistRow[] => names.map((name, i) => [name, '0', `1.${(i * 31) % 40}`, `${release}.fc43`, 'x86_64']);

/** What release `n` changes against `n - 1`; `words`: of changelog for each package, which don't repeat. */
function changesOf(n: number, changed: number, words: number): ReleaseChanges {
  const pkg = (name: string, release: number) => ({ name, epoch: 0, version: `1.${n}`, release: `${release}.fc43`, arch: 'x86_64' });
  return {
    format: 1,
    parent: checksum(n - 1),
    parentVersion: `43.${n - 1}`,
    version: `43.${n}`,
    timeSeconds: 1_700_000_000 + n,
    packages: names.slice(0, changed).map((name, i) => ({
      kind: 'upgraded',
      name,
      arch: 'x86_64',
      from: pkg(name, n - 1),
      to: pkg(name, n),
      changelog: [
        {
          timeSeconds: n,
          author: 'A. Packager <a@example.org>',
          text: hash(`${n} ${i}`)
            .repeat(1)
            .slice(0, words * 8),
        },
      ],
    })),
    advisories: [],
    installedSizeBytes: 1,
  };
}
const sample = (releases: number, changed = 15, words = 4): ImageChanges => ({
  format: 1,
  commit: checksum(100),
  version: '43.100',
  timeSeconds: 1_700_000_100,
  changes: changesOf(100, changed, words),
  history: Array.from({ length: releases }, (_, i) => ({ checksum: checksum(99 - i), changes: changesOf(99 - i, changed, words) })),
  packages: packages(100),
});
const packed = (value: unknown): Buffer => gzipSync(JSON.stringify(value));

test('twenty releases of usual size take less than 40 kB; what is read is what was packed; no time is in it', () => {
  const value = sample(19);
  const bytes = packImageChanges(value);
  expect(bytes.length).toBeLessThan(40_000);
  expect(bytes.subarray(4, 8)).toEqual(Buffer.alloc(4));
  expect(packImageChanges(sample(19)).equals(bytes)).toBe(true);
  expect(readImageChanges(bytes, 'image')).toEqual(value);
  expect(readImageChanges(packImageChanges(sample(0)), 'image')?.history).toEqual([]);
});

test('what is too much loses its oldest releases, each as a whole; then changelogs, then its changes, never its packages', () => {
  const value = sample(19, 60, 8);
  const bytes = packImageChanges(value);
  expect(bytes.length).toBeLessThanOrEqual(48 << 10);
  const read = readImageChanges(bytes, 'image');
  const kept = read?.history.length ?? 0;
  expect(kept).toBeGreaterThan(3);
  expect(kept).toBeLessThan(19);
  expect(read).toEqual({ ...value, history: value.history.slice(0, kept) });
  // one more would have been too much
  expect(gzipSync(JSON.stringify({ ...value, history: value.history.slice(0, kept + 1) }), { level: 9 }).length).toBeGreaterThan(48 << 10);
  const huge = {
    ...value,
    changes: {
      ...changesOf(100, 450, 8),
      packages: sample(0, 450, 8).changes!.packages.flatMap((p, i) =>
        Array.from({ length: 6 }, (_, k) => ({ ...p, summary: hash(`${i} ${k}`) })),
      ),
    },
  };
  const { changes: _, ...rest } = value;
  expect(readImageChanges(packImageChanges(huge), 'image')).toEqual({ ...rest, history: [] });
});

test('a changelog that would make it too large is left out, by name; the others stay', () => {
  const change = (name: string, text: string): PackageChange => {
    const side = (version: string): Package => ({ name, epoch: 0, version, release: '1', arch: 'x86_64' });
    return { kind: 'upgraded', name, arch: 'x86_64', from: side('1'), to: side('2'), changelog: [{ timeSeconds: 1, author: 'A', text }] };
  };
  const value: ImageChanges = {
    ...{ format: 1, commit: 'c'.repeat(64), version: '2', timeSeconds: 5, history: [], packages: [['kernel', '0', '2', '1', 'x86_64']] },
    changes: {
      ...{ format: 1, version: '2', timeSeconds: 5, advisories: [], installedSizeBytes: 1, parent: 'b'.repeat(64) },
      packages: [change('bash', '- a fix'), change('kernel', randomBytes(60_000).toString('hex'))],
    },
  };
  const told = readImageChanges(packImageChanges(value), 'it');
  expect(told?.withoutChangelog).toEqual(['kernel']);
  expect(told?.changes?.packages.map(({ name, changelog }) => [name, changelog?.length])).toEqual([
    ['bash', 1],
    ['kernel', undefined],
  ]);
});

test('it is made of a commit’s metadata; without changes there is no history', () => {
  const value = sample(3);
  const commit = (keys: Record<string, unknown>): CommitMetadata & { timestamp: number } => ({
    checksum: value.commit,
    parent: checksum(99),
    version: value.version,
    timestamp: value.timeSeconds,
    // the type of the value is the test's own
    value: ((key: string) => keys[key]) as CommitMetadata['value'],
  });
  const keys = {
    'treeline.changes': packReleaseChanges(value.changes!),
    'treeline.history': packHistory(value.history),
    'rpmostree.rpmdb.pkglist': value.packages,
  };
  expect(imageChangesOf(commit(keys), [])).toEqual(value);
  const { changes: _, ...rest } = value;
  expect(imageChangesOf(commit({ 'treeline.history': keys['treeline.history'] }), value.packages)).toEqual({ ...rest, history: [] });
  expect(() => imageChangesOf(commit({ ...keys, 'treeline.changes': Buffer.from('x') }), [])).toThrow(/treeline.changes/);
});

test('hostile bytes are refused by name, and a later format is not read', () => {
  const value = sample(2);
  const bad: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'no gzip': Buffer.from('{}'),
    'a bomb': gzipSync(Buffer.alloc(20 << 20, 32), { level: 9 }),
    'too many bytes': Buffer.alloc((1 << 20) + 1),
    'no JSON': gzipSync('{'),
    'a list': packed([]),
    null: packed(null),
    'no format': packed({ ...value, format: undefined }),
    'format 0': packed({ ...value, format: 0 }),
    'a commit that is none': packed({ ...value, commit: '../../etc' }),
    'a number as version': packed({ ...value, version: 1 }),
    'packages of another type': packed({ ...value, packages: { length: 1 } }),
    'a short row': packed({ ...value, packages: [['a', '0', '1', '1']] }),
    'a row of numbers': packed({ ...value, packages: [[1, 2, 3, 4, 5]] }),
    'a history of another type': packed({ ...value, history: 'x' }),
    'changes of another type': packed({ ...value, changes: { ...value.changes, packages: 5 } }),
    'a release of another type': packed({ ...value, history: [{ checksum: checksum(99), changes: { format: 1 } }] }),
    'fields of a prototype': gzipSync(`{"__proto__": ${JSON.stringify(value)}}`),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    expect(() => readImageChanges(bytes, 'quay.io/os'), what).toThrow(/^repo\.garbage: quay\.io\/os: /);
  }
  expect(readImageChanges(packed({ format: 2, anything: 1 }), 'x')).toBeUndefined();
  const other = JSON.parse(gunzipSync(packImageChanges(value)).toString()) as Record<string, unknown>;
  expect(readImageChanges(packed({ ...other, later: 1 }), 'x')).toEqual(value);
  expect(({} as Record<string, unknown>)['commit']).toBeUndefined();
  // a history that isn't of this image's past leads nowhere
  const loose = { ...value, history: [{ ...value.history[0]!, checksum: checksum(7) }, ...value.history.slice(1)] };
  expect(readImageChanges(packed(loose), 'x')?.history).toEqual([]);
  const endless = { ...value, history: Array.from({ length: 100_000 }, () => value.history[0]) };
  expect(readImageChanges(packed({ ...endless, history: endless.history.slice(0, 500) }), 'x')?.history).toHaveLength(1);
});
