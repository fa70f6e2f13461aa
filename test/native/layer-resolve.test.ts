// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RepoDefinition, Resolution } from '../../main/engine/base/ports/resolver.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { writeRpmdb } from '../../main/native/rpm/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';

const dbPath = '/usr/share/rpm';
let directory: string;
let packages: string;
let root: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'treeline-layer-resolve-'));
  [packages, root] = [path.join(directory, 'packages'), path.join(directory, 'root')];
  const base = path.join(directory, 'base');
  const files = makeRpms(base, [
    { name: 'lib', version: '1', tags: ['Provides: api = 1'], files: { '/usr/lib/lib': 'x' } },
    { name: 'app', version: '1', tags: ['Requires: lib = 1'] },
    { name: 'oldname', version: '1' },
    { name: 'epoch', version: '1', epoch: 1 },
  ]);
  makeRpms(packages, [
    { name: 'lib', version: '2', tags: ['Provides: api = 2'] },
    { name: 'app', version: '2', tags: ['Requires: lib = 2'] },
    { name: 'plain', tags: ['Requires: lib', 'Requires: helper', 'Recommends: extra'] },
    { name: 'helper' },
    { name: 'extra' },
    { name: 'needs-newer', tags: ['Requires: api >= 2'] },
    { name: 'fights', tags: ['Conflicts: oldname'] },
    { name: 'renamed', version: '2', tags: ['Obsoletes: oldname < 2', 'Provides: oldname = 2'] },
    { name: 'epoch', version: '9' },
    { name: 'helping' },
  ]);
  createRepo(packages);
  writeRpmdb({ root, dbPath, packages: files, installTimeSeconds: 1 });
});
afterAll(() => rmSync(directory, { recursive: true }));

const repo = (): RepoDefinition => ({
  ...{ id: 'test', name: 'test', baseurl: [`file://${packages}`], enabled: true, gpgcheck: false, gpgkey: [] },
  ...{ excludes: [], other: {}, file: 'test.repo', line: 1 },
});

const onBase = (wanted: string[], without: string[]): Resolution =>
  resolve({
    ...{ cachedir: path.join(directory, 'cache'), repos: [repo()], releasever: '1', excludes: [], recommends: true },
    ...{ packages: wanted, base: { root, dbPath, without } },
  });

const outcome = (...wanted: string[]): unknown => outcomeWithout([], ...wanted);

function outcomeWithout(without: string[], ...wanted: string[]): unknown {
  using resolution = onBase(wanted, without);
  return {
    packages: resolution.packages.map((p) => p.name),
    provided: resolution.provided.map(({ spec, by }) => `${spec} by ${by}`),
    displaced: resolution.displaced,
  };
}

const nothing = { packages: [], provided: [], displaced: [] };

test('what the base has isn’t installed again, and counts for dependencies', () => {
  expect(outcome('plain')).toEqual({ ...nothing, packages: ['extra', 'helper', 'plain'] });
});

test.each([
  ['lib', 'lib-1-1.noarch'],
  ['lib-1-1.noarch', 'lib-1-1.noarch'],
  ['api', 'lib-1-1.noarch'],
  ['/usr/lib/lib', 'lib-1-1.noarch'],
  ['epoch', 'epoch-1:1-1.noarch'],
])('the base fulfils %s', (spec, by) => {
  expect(outcome(spec)).toEqual({ ...nothing, provided: [`${spec} by ${by}`] });
});

test('a request beside one that the base fulfils', () => {
  expect(outcome('lib', 'helper')).toEqual({ ...nothing, packages: ['helper'], provided: ['lib by lib-1-1.noarch'] });
});

test('a glob takes what isn’t there', () => {
  expect(outcome('help*')).toEqual({ ...nothing, packages: ['helper', 'helping'] });
  expect(outcome('*lib*')).toEqual(nothing);
});

test('what would be replaced of the base is named with what would come instead', () => {
  expect(outcome('needs-newer')).toEqual({
    ...nothing,
    packages: ['needs-newer'],
    displaced: [
      { installed: 'app-1-1.noarch', by: 'app-2-1.noarch' },
      { installed: 'lib-1-1.noarch', by: 'lib-2-1.noarch' },
    ],
  });
  expect(outcome('renamed')).toEqual({
    ...nothing,
    packages: ['renamed'],
    displaced: [{ installed: 'oldname-1-1.noarch', by: 'renamed-2-1.noarch' }],
  });
});

test('what is left out of the base fulfils nothing, and what needed it is named with it', () => {
  expect(outcomeWithout(['oldname'])).toEqual({ ...nothing, displaced: [{ installed: 'oldname-1-1.noarch' }] });
  expect(outcomeWithout(['oldname'], 'oldname')).toEqual({
    ...nothing,
    packages: ['renamed'],
    displaced: [{ installed: 'oldname-1-1.noarch', by: 'renamed-2-1.noarch' }],
  });
  expect(outcomeWithout(['lib'])).toEqual({
    ...nothing,
    displaced: [{ installed: 'app-1-1.noarch' }, { installed: 'lib-1-1.noarch' }],
  });
  expect(outcomeWithout(['nothing-of-it'], 'helper')).toEqual({ ...nothing, packages: ['helper'] });
  expect(outcomeWithout(['oldname'], 'fights')).toMatchObject({ packages: ['fights'] });
});

test('what can’t stand beside the base', () => {
  expect(() => outcome('fights')).toThrow(expect.objectContaining({ code: 'package.conflict' }));
});
