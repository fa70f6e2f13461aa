// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RepoDefinition, ResolveRequest } from '../../main/engine/base/ports/resolver.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';

let directory: string;
let packages: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'treeline-resolve-'));
  packages = path.join(directory, 'packages');
  makeRpms(packages, [
    { name: 'app', version: '1' },
    { name: 'app', version: '2', tags: ['Requires: lib >= 1', 'Recommends: extra', 'Requires: /usr/share/filedep'] },
    { name: 'lib', version: '1', epoch: 1 },
    { name: 'lib', version: '3' },
    { name: 'libother', tags: ['Requires: virt >= 2'] },
    { name: 'extra', tags: ['Suggests: suggested'] },
    { name: 'suggested' },
    { name: 'filedep', files: { '/usr/share/filedep': 'x' } },
    { name: 'provider', tags: ['Provides: virt = 3'] },
    { name: 'rich', tags: ['Requires: (extra if app)', 'Requires: (lib and provider)'] },
    { name: 'renamed', version: '2', tags: ['Obsoletes: oldname < 2', 'Provides: oldname = 2'] },
    { name: 'oldname', version: '1' },
    { name: 'one', tags: ['Conflicts: two'] },
    { name: 'two' },
    { name: 'broken', tags: ['Requires: nothing-has-this > 4'] },
    { name: 'supplement', tags: ['Supplements: app'] },
    { name: 'arched', arch: 'x86_64', tags: ['Requires: lib'] },
    { name: 'arched', arch: 'i686' },
  ]);
  createRepo(packages);
});
afterAll(() => rmSync(directory, { recursive: true }));

const repo = (more: Partial<RepoDefinition> = {}): RepoDefinition => ({
  id: 'test',
  name: 'test',
  baseurl: [`file://${packages}`],
  enabled: true,
  gpgcheck: false,
  gpgkey: [],
  excludes: [],
  other: {},
  file: 'test.repo',
  line: 1,
  ...more,
});

function ours(request: Partial<ResolveRequest>): string[] {
  using resolution = resolve({
    cachedir: path.join(directory, 'cache'),
    repos: [repo()],
    releasever: '1',
    packages: [],
    excludes: [],
    recommends: true,
    ...request,
  });
  return resolution.packages.map((p) => p.nevra).sort();
}

/** What dnf would install, from the table of --assumeno. */
function dnf(names: readonly string[], options: readonly string[]): string[] {
  const conf = path.join(directory, 'dnf.conf');
  writeFileSync(conf, '[main]\n');
  const { stdout } = spawnSync(
    'dnf',
    [
      ...['--config', conf, '--installroot', path.join(directory, 'root'), '--releasever', '1', '--setopt', 'reposdir=/nonexistent'],
      // later ones load lists of files only then
      ...['--setopt', 'optional_metadata_types=filelists'],
      ...[
        '--setopt',
        `cachedir=${path.join(directory, 'dnf-cache')}`,
        '--repofrompath',
        `test,file://${packages}`,
        '--repo',
        'test',
        '--nogpgcheck',
      ],
      ...[...options, '--assumeno', 'install', ...names],
    ],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', COLUMNS: '300' } },
  );
  // "Skipping packages with conflicts" and the like list what isn't installed
  const table = stdout.split(/^Skipping/m)[0] ?? '';
  const rows = [...table.matchAll(/^ (\S+) +(noarch|x86_64|i686) +(\S+) +test +/gm)];
  expect(stdout).toContain('Transaction Summary');
  return rows.map(([, name, arch, evr]) => `${name}-${evr}.${arch}`).sort();
}

test.each([
  [['app'], true, []],
  [['app'], false, []],
  [['app'], true, ['extra']],
  [['app'], true, ['lib*']],
  [['app-1'], true, []],
  [['rich'], true, []],
  [['rich', 'app'], false, []],
  [['virt >= 2'], true, []],
  [['/usr/share/filedep'], true, []],
  [['lib*'], true, []],
  [['lib', 'libother'], true, []],
  [['oldname'], true, []],
  [['oldname', 'renamed'], true, []],
  [['arched'], true, []],
  [['arched.i686', 'arched'], true, []],
  [['lib-1:1-1.noarch'], true, []],
  [['one', 'extra'], false, ['two']],
] as const)('%j (recommends %s, without %j) resolves to what dnf installs', (names, recommends, excludes) => {
  const options = [`--setopt=install_weak_deps=${recommends ? 1 : 0}`, ...(excludes.length > 0 ? [`--exclude=${excludes.join(',')}`] : [])];
  const attempt = (): string[] | string => {
    try {
      return ours({ packages: names, recommends, excludes });
    } catch (error) {
      return (error as TreelineError).code;
    }
  };
  const mine = attempt();
  if (typeof mine === 'string') {
    // refused by both, then
    expect(() => dnf(names, options)).toThrow();
    expect(mine).toMatch(/^package\./);
  } else expect(mine).toEqual(dnf(names, options));
});

function failure(request: Partial<ResolveRequest>): ErrorReport {
  try {
    ours(request);
  } catch (error) {
    if (error instanceof TreelineError) return error.report;
    throw error;
  }
  throw new Error('it resolved');
}

test('a package that isn’t there is named', () => {
  expect(failure({ packages: ['app', 'nosuch'] })).toMatchObject({ code: 'package.not-found', subject: 'nosuch' });
  expect(failure({ packages: ['nosuch*'] })).toMatchObject({ code: 'package.not-found', subject: 'nosuch*' });
});

test('a requirement that nothing provides is named with the package that has it', () => {
  const report = failure({ packages: ['broken'] });
  expect(report).toMatchObject({ code: 'package.dependency-missing', subject: 'broken-1-1.noarch' });
  expect(report.facts?.['requirement']).toBe('nothing-has-this > 4');
});

test('a conflict names both packages', () => {
  const report = failure({ packages: ['one', 'two'] });
  expect(report.code).toBe('package.conflict');
  expect(report.subject).toContain('one-1-1.noarch');
  expect(report.detail).toContain('two-1-1.noarch');
});

test('what is excluded is told apart from what doesn’t exist', () => {
  expect(failure({ packages: ['lib'], excludes: ['lib'] })).toMatchObject({ code: 'package.excluded', subject: 'lib' });
  const report = failure({ packages: ['app-2'], excludes: ['filedep'] });
  expect(report).toMatchObject({ code: 'package.excluded', subject: 'filedep', facts: { requirement: '/usr/share/filedep' } });
  expect(report.facts?.['requiredBy']).toBe('app-2-1.noarch');
  expect(failure({ packages: ['lib'], repos: [repo({ excludes: ['lib'] })] })).toMatchObject({ code: 'package.excluded', subject: 'lib' });
});

test('unreachable and damaged repositories are named, the healthy one beside them not', () => {
  const dead = repo({ id: 'dead', baseurl: ['http://127.0.0.1:9/'] });
  expect(failure({ packages: ['lib'], repos: [repo(), dead] })).toMatchObject({ code: 'rpmmd.unreachable', subject: 'dead' });
  const absent = repo({ id: 'absent', baseurl: [`file://${directory}/nowhere`] });
  expect(failure({ packages: ['lib'], repos: [repo(), absent] })).toMatchObject({ code: 'rpmmd.unreachable', subject: 'absent' });
  const broken = path.join(directory, 'broken');
  makeRpms(broken, [{ name: 'x' }]);
  createRepo(broken);
  writeFileSync(path.join(broken, 'repodata/repomd.xml'), '<repomd>garbage');
  expect(failure({ packages: ['lib'], repos: [repo(), repo({ id: 'brk', baseurl: [`file://${broken}`] })] })).toMatchObject({
    code: 'rpmmd.corrupt',
    subject: 'brk',
  });
});
