// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob, type JobName, type JobParams, type JobResult } from '../../main/engine/jobs/index.ts';
import { formatNevra } from '../../shared/domain/index.ts';
import { bundles, ComposeFixture } from './compose-fixture.ts';

let fixture: ComposeFixture;
let treefile: string;

async function ask<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
  const { worker } = await bundles();
  return runJob(job, params, { worker }).done;
}
const plan = (more: Partial<JobParams<'compose.resolve'>> = {}) =>
  ask('compose.resolve', { treefile, repo: fixture.repo, cachedir: fixture.cachedir, ...more });

beforeAll(() => {
  fixture = new ComposeFixture();
  fixture.add(
    { name: 'app', version: '1', tags: ['Requires: lib'], files: { '/usr/bin/app': '1' } },
    { name: 'lib', version: '1', epoch: 2, files: { '/usr/lib/lib.so': '1' } },
    { name: 'other', files: { '/usr/bin/other': 'x' } },
    { name: 'gone', files: { '/usr/bin/gone': 'x' } },
  );
  treefile = fixture.treefile('automatic-version-prefix: "7"\npackages:\n  - app\n  - oth*\n  - gone\n');
});
afterAll(() => fixture.dispose());

test('says what would be in a first commit, from where and asked for by whom', async () => {
  const found = await plan();
  expect(found).toMatchObject({ ref: 'test/x86_64/base', version: '7', unchanged: false, changes: [], downloadBytes: 0 });
  expect(found.previous).toBeUndefined();
  expect(found.packages.map((pkg) => [formatNevra(pkg), pkg.repo, pkg.named?.line, pkg.here])).toEqual([
    ['app-1-1.noarch', 'test', 3, true],
    ['gone-1-1.noarch', 'test', 5, true],
    ['lib-2:1-1.noarch', 'test', undefined, true],
    ['other-1-1.noarch', 'test', 4, true],
  ]);
  expect(found.repos).toMatchObject([{ id: 'test', url: `file://${fixture.packages}` }]);
  const sizes = execFileSync('rpm', ['-qp', '--qf', '%{SIZE}\n', ...rpms()], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(found.installedBytes).toBe(sizes.reduce((sum, size) => sum + Number(size), 0));
  // looking changes nothing
  expect(fixture.refs()).toBe('');
});

const rpms = (): string[] =>
  readdirSync(fixture.packages)
    .filter((name) => name.endsWith('.rpm'))
    .map((name) => path.join(fixture.packages, name));

test('lists every name once, at its newest, as dnf does', async () => {
  fixture.add({ name: 'lib', version: '3', epoch: 1 });
  const found = await ask('compose.packages', { treefile, cachedir: fixture.cachedir });
  const conf = path.join(fixture.directory, 'dnf.conf');
  writeFileSync(conf, '[main]\n');
  const options = ['--config', conf, '--installroot', path.join(fixture.directory, 'root'), '--setopt', 'reposdir=/nonexistent'];
  const theirs = execFileSync(
    'dnf',
    [
      ...options,
      ...[
        '--setopt',
        `cachedir=${path.join(fixture.directory, 'dnf-cache')}`,
        '--repofrompath',
        `test,file://${fixture.packages}`,
        '--repo',
        'test',
      ],
      ...['-q', 'repoquery', '--latest-limit=1', '--qf', '%{name} %{epoch}:%{version}-%{release}'],
    ],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  );
  expect(found.map(({ name, evr }) => `${name} ${evr.includes(':') ? evr : `0:${evr}`}`)).toEqual(theirs.trim().split('\n').sort());
  // what the treefile excludes can't be named
  const text = `${readFileSync(treefile, 'utf8')}exclude-packages: [other]\n`;
  expect((await ask('compose.packages', { treefile, text, cachedir: fixture.cachedir })).map(({ name }) => name)).not.toContain('other');
});

test('compares with the last commit, and a compose then does what was said', async () => {
  const first = await fixture.compose(treefile);
  expect((await plan()).unchanged).toBe(true);
  fixture.add({
    name: 'app',
    version: '1.10',
    tags: ['Requires: lib'],
    files: { '/usr/bin/app': 'now larger' },
    changelog: '* Mon Mar 02 2026 Ida <ida@meadow.example> 1.10-1\n- Larger',
  });
  const text = readFileSync(treefile, 'utf8').replace('  - gone\n', '');
  const found = await plan({ text });
  expect(found).toMatchObject({ version: '7.1', unchanged: false, previous: { checksum: first.checksum, version: '7' } });
  expect(found.changes.map(({ kind, name, sizeDeltaBytes }) => [kind, name, Math.sign(sizeDeltaBytes ?? 0)])).toEqual([
    ['upgraded', 'app', 1],
    ['removed', 'gone', -1],
  ]);
  expect(found.changes[0]?.changelog?.map((entry) => entry.text)).toEqual(['- Larger']);
  writeFileSync(treefile, text);
  const second = await fixture.compose(treefile);
  expect(second).toMatchObject({ changed: true, version: '7.1' });
  const releases = await ask('compose.releases', { repo: fixture.repo, ref: 'test/x86_64/base', limit: 10 });
  expect(releases.map(({ checksum, version, packageCount }) => [checksum, version, packageCount])).toEqual([
    [second.checksum, '7.1', 3],
    [first.checksum, '7', 4],
  ]);
  expect(releases[0]?.counts).toEqual({ upgraded: 1, downgraded: 0, added: 0, removed: 1 });
  const { packages } = await ask('compose.release', { repo: fixture.repo, checksum: second.checksum });
  expect(packages.map(({ kind, name }) => [kind, name])).toEqual(found.changes.map(({ kind, name }) => [kind, name]));
  expect(await ask('compose.releases', { repo: fixture.repo, ref: 'no/such/branch', limit: 10 })).toEqual([]);
});

test('errors about a package name the line of the text that isn’t saved', async () => {
  const text = readFileSync(treefile, 'utf8').replace('  - app\n', '  - less\n  - app\n');
  await expect(plan({ text })).rejects.toMatchObject({ code: 'package.not-found', report: { file: treefile, line: 3, subject: 'less' } });
});

test('makes a repository where there is none', async () => {
  const repo = path.join(fixture.directory, 'new-repo');
  await ask('compose.create-repo', { repo });
  expect(execFileSync('ostree', [`--repo=${repo}`, 'config', 'get', 'core.mode'], { encoding: 'utf8' }).trim()).toBe('archive-z2');
  expect(await ask('compose.resolve', { treefile, repo, cachedir: fixture.cachedir })).toMatchObject({ version: '7' });
});
