// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { comparePackages, countChanges, diffPackages, packagesOfPkglist, pkglistOfPackages } from '../../main/engine/base/diff/index.ts';
import { formatNevra, parseNevra, type Package } from '../../shared/domain/index.ts';
import { cpuMs } from './cpu-time.ts';

const pkg = (nevra: string): Package => {
  const p = parseNevra(nevra);
  if (!p) throw new Error(nevra);
  return p;
};
const list = (...nevras: string[]): Package[] => nevras.map(pkg);
/** `kind from -> to` of each change. */
const shown = (from: Package[], to: Package[]): string[] =>
  diffPackages(from, to).map((c) => `${c.kind} ${c.from ? formatNevra(c.from) : ''} -> ${c.to ? formatNevra(c.to) : ''}`);

// field report 1: these were shown as downgrades because the EVR was compared as one string
test.each([
  ['firefox-86.0-7.x86_64', 'firefox-86.0.1-1.x86_64', 'upgraded'],
  ['dew-15-8.x86_64', 'dew-15.4-4.x86_64', 'upgraded'],
  ['a-1.9-1.noarch', 'a-1.10-1.noarch', 'upgraded'],
  ['a-3.0~rc1-1.noarch', 'a-3.0-1.noarch', 'upgraded'],
  ['a-1.0^git1-1.noarch', 'a-1.0-1.noarch', 'downgraded'],
  ['a-2026.1-1.noarch', 'a-1:0.9-1.noarch', 'upgraded'],
  ['a-1:0.9-1.noarch', 'a-2026.1-1.noarch', 'downgraded'],
  ['a-007-1.noarch', 'a-8-1.noarch', 'upgraded'],
  ['a-1.0-10.fc40.noarch', 'a-1.0-9.fc41.noarch', 'downgraded'],
])('%s to %s is %s (field report 1)', (from, to, kind) => {
  expect(diffPackages(list(from), list(to)).map((c) => c.kind)).toEqual([kind]);
});

test('equal lists in another order have no changes', () => {
  const packages = list('a-1-1.noarch', 'b-1-1.x86_64', 'b-1-1.i686', 'kernel-1-1.x86_64', 'kernel-2-1.x86_64');
  expect(diffPackages(packages, [...packages].reverse())).toEqual([]);
});

test('added and removed packages, sorted by name', () => {
  expect(shown(list('z-1-1.noarch', 'm-1-1.noarch'), list('m-1-1.noarch', 'a-1-1.noarch'))).toEqual([
    'added  -> a-1-1.noarch',
    'removed z-1-1.noarch -> ',
  ]);
});

test('kernels that are there several times', () => {
  const old = list('kernel-6.1-1.x86_64', 'kernel-6.2-1.x86_64');
  expect(shown(old, list('kernel-6.1-1.x86_64', 'kernel-6.2-1.x86_64', 'kernel-6.10-1.x86_64'))).toEqual([
    'added  -> kernel-6.10-1.x86_64',
  ]);
  expect(shown(old, list('kernel-6.2-1.x86_64'))).toEqual(['removed kernel-6.1-1.x86_64 -> ']);
  expect(shown(old, list('kernel-6.2-1.x86_64', 'kernel-6.10-1.x86_64'))).toEqual(['upgraded kernel-6.1-1.x86_64 -> kernel-6.10-1.x86_64']);
  // the newest follows the newest, what is left over went
  expect(shown(old, list('kernel-6.10-1.x86_64'))).toEqual([
    'removed kernel-6.1-1.x86_64 -> ',
    'upgraded kernel-6.2-1.x86_64 -> kernel-6.10-1.x86_64',
  ]);
});

test('two architectures of a library are two packages', () => {
  expect(shown(list('lib-1-1.x86_64', 'lib-1-1.i686'), list('lib-2-1.x86_64', 'lib-2-1.i686'))).toEqual([
    'upgraded lib-1-1.i686 -> lib-2-1.i686',
    'upgraded lib-1-1.x86_64 -> lib-2-1.x86_64',
  ]);
  expect(shown(list('lib-1-1.x86_64'), list('lib-1-1.x86_64', 'lib-1-1.i686'))).toEqual(['added  -> lib-1-1.i686']);
  expect(shown(list('lib-1-1.i686'), list('lib-1-1.x86_64'))).toEqual(['removed lib-1-1.i686 -> ', 'added  -> lib-1-1.x86_64']);
});

test('from and to noarch is one change', () => {
  expect(shown(list('data-5-1.noarch'), list('data-6-1.x86_64'))).toEqual(['upgraded data-5-1.noarch -> data-6-1.x86_64']);
  expect(shown(list('data-5-1.x86_64'), list('data-5-1.noarch'))).toEqual(['upgraded data-5-1.x86_64 -> data-5-1.noarch']);
  expect(shown(list('data-5-1.noarch'), list('data-6-1.i686', 'data-6-1.x86_64'))).toEqual([
    'added  -> data-6-1.i686',
    'upgraded data-5-1.noarch -> data-6-1.x86_64',
  ]);
});

test('what else a list holds stays out of the changes', () => {
  const rich = { ...pkg('a-1-1.noarch'), changelog: [], installedSizeBytes: 5 };
  expect(diffPackages([], [rich])[0]?.to).toEqual(pkg('a-1-1.noarch'));
});

test('names that object keys could trip over', () => {
  const strange = ['constructor-1-1.noarch', '__proto__-1-1.noarch', 'libstdc++-1-1.x86_64'];
  expect(diffPackages(list(...strange), []).length).toBe(3);
});

test('counts by kind', () => {
  const changes = diffPackages(list('a-1-1.noarch', 'b-2-1.noarch', 'c-1-1.noarch'), list('a-2-1.noarch', 'b-1-1.noarch', 'd-1-1.noarch'));
  expect(countChanges(changes)).toEqual({ upgraded: 1, downgraded: 1, added: 1, removed: 1 });
});

test('20,000 packages, all of them changed, in well below a second', () => {
  const many = (version: string): Package[] => Array.from({ length: 20_000 }, (_, i) => pkg(`p${i}-${version}-1.noarch`));
  expect(cpuMs(() => expect(diffPackages(many('1'), many('2')).length).toBe(20_000))).toBeLessThan(4000);
});

test('package lists go into commit metadata and back, sorted by rpm’s rules', () => {
  const packages = list('b-1.10-1.noarch', 'b-1.9-1.noarch', 'a-1:1-1.x86_64', 'a-2-1.i686');
  const rows = pkglistOfPackages(packages);
  expect(rows).toEqual([
    ['a', '0', '2', '1', 'i686'],
    ['a', '1', '1', '1', 'x86_64'],
    ['b', '0', '1.9', '1', 'noarch'],
    ['b', '0', '1.10', '1', 'noarch'],
  ]);
  expect(packagesOfPkglist(rows)).toEqual([...packages].sort(comparePackages));
  expect(packagesOfPkglist([['a', '(none)', '1', '1', 'noarch']])[0]?.epoch).toBe(0);
});
