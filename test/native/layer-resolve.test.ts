// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PackageFile, RepoDefinition, Resolution } from '../../main/engine/base/ports/resolver.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { readPackage, writeRpmdb } from '../../main/native/rpm/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';

const dbPath = '/usr/share/rpm';
let directory: string;
let packages: string;
let root: string;
let own: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'treeline-layer-resolve-'));
  [packages, root] = [path.join(directory, 'packages'), path.join(directory, 'root')];
  const base = path.join(directory, 'base');
  const files = makeRpms(base, [
    { name: 'lib', version: '1', tags: ['Provides: api = 1'], files: { '/usr/lib/lib': 'x' } },
    { name: 'app', version: '1', tags: ['Requires: lib = 1'] },
    { name: 'oldname', version: '1' },
    { name: 'epoch', version: '1', epoch: 1 },
    { name: 'same', version: '1' },
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
    { name: 'oldname', version: '0.1' },
    { name: 'same', version: '1' },
  ]);
  own = path.join(directory, 'own');
  makeRpms(own, [
    { name: 'mine', tags: ['Requires: helper', 'Requires: lib'] },
    { name: 'helper', version: '0.1' },
    { name: 'app', version: '0.5', tags: ['Requires: lib = 1'] },
    { name: 'app', version: '3', tags: ['Requires: lib = 1'] },
    { name: 'epoch', version: '0.9', epoch: 1 },
    { name: 'foreign', arch: 's390x' },
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

interface Changes {
  readonly files?: readonly string[];
  readonly replace?: readonly string[];
  readonly packages?: readonly string[];
}

function changing({ files = [], replace = [], packages: wanted = [] }: Changes): unknown {
  using resolution = resolve({
    ...{ cachedir: path.join(directory, 'cache'), repos: [repo()], releasever: '1', excludes: [], recommends: true },
    ...{ packages: wanted, files: files.map(headOf) },
    base: { root, dbPath, replace: replace.length > 0 ? [{ repo: 'test', packages: replace }] : [] },
  });
  return {
    packages: resolution.packages.map((p) => `${p.nevra} of ${p.repo}`),
    displaced: resolution.displaced.map(({ installed, by }) => `${by ?? 'nothing'} instead of ${installed}`),
    ...(replace.length > 0 ? { replacing: resolution.replacing.map(({ names }) => names) } : {}),
  };
}

/** A package of this machine’s own: lead, signature and header, without its payload. */
function headOf(nevra: string): PackageFile {
  const { path: file, payload } = readPackage(path.join(own, `${nevra}.rpm`));
  const cut = path.join(own, `${nevra}.head.rpm`);
  const bytes = readFileSync(file).subarray(0, payload.offsetBytes);
  writeFileSync(cut, bytes);
  return { path: cut, nevra: nevraOfFile(nevra), sha256: createHash('sha256').update(bytes).digest('hex') };
}

const nevraOfFile = (name: string): string => (name.startsWith('epoch') ? name.replace('epoch-', 'epoch-1:') : name);

test('a package of a file is installed as it is, with what it needs of repositories', () => {
  expect(changing({ files: ['mine-1-1.noarch'] })).toEqual({
    packages: ['helper-1-1.noarch of test', 'mine-1-1.noarch of @commandline'],
    displaced: [],
  });
  // the repository has a newer one
  expect(changing({ files: ['helper-0.1-1.noarch'], packages: ['plain'] })).toMatchObject({
    packages: ['extra-1-1.noarch of test', 'helper-0.1-1.noarch of @commandline', 'plain-1-1.noarch of test'],
  });
});

test.each([
  ['app-0.5-1.noarch', 'app-1-1.noarch'],
  ['app-3-1.noarch', 'app-1-1.noarch'],
  ['epoch-0.9-1.noarch', 'epoch-1:1-1.noarch'],
])('a package of a file takes the place of the base’s, whichever is newer: %s', (name, installed) => {
  const nevra = nevraOfFile(name);
  expect(changing({ files: [name] })).toEqual({
    packages: [`${nevra} of @commandline`],
    displaced: [`${nevra} instead of ${installed}`],
  });
});

test('replacing one package of the base by a repository’s leaves the others', () => {
  expect(changing({ replace: ['oldname', 'nothing-of-it'] })).toEqual({
    packages: ['oldname-0.1-1.noarch of test'],
    displaced: ['oldname-0.1-1.noarch instead of oldname-1-1.noarch'],
    replacing: [['oldname'], []],
  });
  expect(changing({ replace: ['lib', 'app'] })).toMatchObject({
    packages: ['app-2-1.noarch of test', 'lib-2-1.noarch of test'],
    displaced: ['app-2-1.noarch instead of app-1-1.noarch', 'lib-2-1.noarch instead of lib-1-1.noarch'],
  });
  // what would come along is no wish
  expect(changing({ replace: ['lib'] })).toMatchObject({
    packages: ['lib-2-1.noarch of test'],
    displaced: ['app-2-1.noarch instead of app-1-1.noarch', 'lib-2-1.noarch instead of lib-1-1.noarch'],
  });
});

test('a file and a repository’s package replace two of the base at once', () => {
  expect(changing({ files: ['app-3-1.noarch'], replace: ['oldname'] })).toMatchObject({
    packages: ['app-3-1.noarch of @commandline', 'oldname-0.1-1.noarch of test'],
    displaced: ['app-3-1.noarch instead of app-1-1.noarch', 'oldname-0.1-1.noarch instead of oldname-1-1.noarch'],
  });
});

test('the base’s own version replaces nothing', () => {
  expect(changing({ replace: ['same'] })).toEqual({ packages: [], displaced: [], replacing: [['same']] });
});

test('a file that isn’t what it was taken for, or for another machine, is refused', () => {
  const [head] = [headOf('mine-1-1.noarch')];
  const asked = (file: PackageFile): unknown =>
    resolve({
      ...{ cachedir: path.join(directory, 'cache'), repos: [repo()], releasever: '1', excludes: [], recommends: true },
      ...{ packages: [], files: [file], base: { root, dbPath } },
    });
  expect(() => asked({ ...head, nevra: 'other-1-1.noarch' })).toThrow(expect.objectContaining({ code: 'package.corrupt' }));
  writeFileSync(head.path, 'no package');
  expect(() => asked(head)).toThrow(expect.objectContaining({ code: 'package.corrupt' }));
  expect(() => asked(headOf('foreign-1-1.s390x'))).toThrow(expect.objectContaining({ code: 'package.other-architecture' }));
});
