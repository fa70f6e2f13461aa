// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { ComposeFixture, treeline } from './compose-fixture.ts';

let fixture: ComposeFixture;
let second: string;
let locked: string;

const at = (name: string): string => path.join(fixture.directory, name);
const lockfile = (name: string, content: unknown): string => {
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content, null, 1));
  return at(name);
};
/** What a dry run would install, `nevra (repository)` a line. */
const would = async (treefile: string, more: Parameters<ComposeFixture['compose']>[1] = {}): Promise<string[]> =>
  ((await fixture.compose(treefile, { dryRun: true, ...more })).text ?? '').split('\n');

beforeAll(() => {
  fixture = new ComposeFixture();
  fixture.add(
    { name: 'app', version: '1' },
    { name: 'app', version: '2', tags: ['Requires: lib'] },
    { name: 'app', version: '3', tags: ['Requires: lib', 'Recommends: extra'] },
    { name: 'lib', version: '1', epoch: 2, files: { '/usr/share/lib': 'first' } },
    { name: 'lib', version: '2', epoch: 2 },
    { name: 'extra' },
  );
  second = at('second');
  makeRpms(second, [
    { name: 'app', version: '2', tags: ['Requires: lib'], files: { '/usr/share/from-second': 'x' } },
    { name: 'app', version: '9' },
    { name: 'tool-a' },
    { name: 'tool-b' },
    { name: 'only', version: '1' },
    { name: 'only', version: '2' },
  ]);
  createRepo(second);
  fixture.repoFile('second', `baseurl=file://${second}\ngpgcheck=0\n`);
  locked = at('locked');
  makeRpms(locked, [
    { name: 'app', version: '0' },
    { name: 'lib', version: '9', epoch: 9 },
  ]);
  createRepo(locked);
  fixture.repoFile('pool', `baseurl=file://${locked}\ngpgcheck=0\n`);
});
afterAll(() => fixture.dispose());

test('repo-packages come from their repository, in the version asked for, and nobody else’s of that name is used', async () => {
  const tree = (entry: string): string => fixture.treefile(`packages: [extra]\nrepos: [test, second]\nrepo-packages:\n${entry}`);
  expect(await would(fixture.treefile('packages: [app]\nrepos: [test, second]\n'))).toEqual(['app-9-1.noarch (second)']);
  expect(await would(tree('  - {repo: test, packages: [app]}'))).toEqual([
    'app-3-1.noarch (test)',
    'extra-1-1.noarch (test)',
    'lib-2:2-1.noarch (test)',
  ]);
  expect(await would(tree(`  - {repo: second, packages: ["'app < 9'"]}`))).toEqual([
    'app-2-1.noarch (second)',
    'extra-1-1.noarch (test)',
    'lib-2:2-1.noarch (test)',
  ]);
  expect(await would(tree('  - {repo: second, packages: ["tool-* only-1"]}'))).toEqual([
    'extra-1-1.noarch (test)',
    'only-1-1.noarch (second)',
    'tool-a-1-1.noarch (second)',
    'tool-b-1-1.noarch (second)',
  ]);
});

test('a package that its repository doesn’t have, or a repository that isn’t one of them, is named with its line', async () => {
  expect(
    await fixture.failure(fixture.treefile('packages: [extra]\nrepos: [test, second]\nrepo-packages:\n  - {repo: test, packages: [only]}')),
  ).toMatchObject({
    code: 'package.not-found',
    subject: 'only',
    key: 'repo-packages',
    line: 4,
  });
  expect(
    await fixture.failure(fixture.treefile('packages: [extra]\nrepos: [test]\nrepo-packages:\n  - {repo: second, packages: [only]}')),
  ).toMatchObject({
    code: 'treefile.invalid-value',
    key: 'repo-packages',
    line: 4,
  });
  expect(await fixture.failure(fixture.treefile('packages: [extra]\nrepos: [test, secnd]\n'))).toMatchObject({
    code: 'rpmmd.repo-not-found',
    subject: 'secnd',
    facts: { hint: 'Did you mean “second”?' },
  });
});

test('version queries and bootstrap-packages in the treefile', async () => {
  expect(await would(fixture.treefile(`packages: ["'app < 3' 'lib = 2:1'"]\n`))).toEqual([
    'app-2-1.noarch (test)',
    'lib-2:1-1.noarch (test)',
  ]);
  expect(await would(fixture.treefile('packages: [lib-2:1-1.noarch]\nbootstrap-packages: [app-1]\n'))).toEqual([
    'app-1-1.noarch (test)',
    'lib-2:1-1.noarch (test)',
  ]);
});

test('a written lockfile holds builds and digests, and gives the same tree after newer packages have come', async () => {
  const treefile = fixture.treefile('packages: [app-2 lib]\nexclude-packages: [extra]\n');
  const to = at('written.json');
  expect(await would(fixture.treefile(`packages: ["'lib < 2:2' app-2"]`, 'older.yaml'), { writeLockfileTo: to })).toHaveLength(2);
  const written = JSON.parse(readFileSync(to, 'utf8')) as {
    packages: Record<string, { evra: string; digest: string }>;
    metadata: Record<string, unknown>;
  };
  expect(Object.entries(written.packages).map(([name, { evra }]) => [name, evra])).toEqual([
    ['app', '2-1.noarch'],
    ['lib', '2:1-1.noarch'],
  ]);
  expect(written.packages['app']?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(written.metadata['generated']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(Object.keys(written.metadata['rpmmd_repos'] as object)).toEqual(['test']);
  // without it the newest lib, with it the locked one
  expect(await would(treefile)).toEqual(['app-2-1.noarch (test)', 'lib-2:2-1.noarch (test)']);
  expect(await would(treefile, { lockfiles: [to] })).toEqual(['app-2-1.noarch (test)', 'lib-2:1-1.noarch (test)']);
  expect(existsSync(`${to}.new`)).toBe(false);
});

test('lockfiles are merged, the later one wins; strict takes nothing that isn’t locked', async () => {
  const one = lockfile('one.json', { packages: { app: { evr: '1-1' }, lib: { evra: '2:1-1.noarch' } } });
  const two = lockfile('two.yaml', 'packages:\n  app:\n    evr: 3-1\n    metadata: {reason: test}\n');
  const treefile = fixture.treefile('packages: [app]\n');
  expect(await would(treefile, { lockfiles: [one] })).toEqual(['app-1-1.noarch (test)']);
  expect(await would(treefile, { lockfiles: [one, two] })).toEqual([
    'app-3-1.noarch (test)',
    'extra-1-1.noarch (test)',
    'lib-2:1-1.noarch (test)',
  ]);
  expect(await would(treefile, { lockfiles: [one, two], lockfileStrict: true })).toEqual([
    'app-3-1.noarch (test)',
    'lib-2:1-1.noarch (test)',
  ]);
  const hard = await fixture.failure(fixture.treefile('packages: [app, extra]\n'), { lockfiles: [one, two], lockfileStrict: true });
  expect(hard).toMatchObject({ code: 'lockfile.not-locked', subject: 'extra', file: `${one}, ${two}` });
  // not one that the treefile names, but one that such a one needs: said with who needs it
  const needed = await fixture.failure(fixture.treefile('packages: [app]\n'), { lockfiles: [two], lockfileStrict: true });
  expect(needed).toMatchObject({ code: 'lockfile.not-locked', subject: 'lib', file: two, facts: { requiredBy: 'app-3-1.noarch' } });
});

test('a locked package that no repository has is a warning that names both; with --ex-lockfile-strict an error', async () => {
  const file = lockfile('missing.json', '{\n "packages": {\n  "lib": {"evra": "2:7-1.noarch"},\n  "gone": {"evr": "1-1"}\n }\n}\n');
  const treefile = fixture.treefile('packages: [app]\n');
  expect(await would(treefile, { lockfiles: [file] })).toEqual(await would(treefile));
  await would(treefile, { lockfiles: [file] });
  const warnings = fixture.messages.filter((text) => text.includes(file));
  expect(warnings).toEqual([
    expect.stringMatching(/missing\.json:3: .*lib-2:7-1\.noarch.*lib-2:1-1\.noarch/),
    expect.stringMatching(/missing\.json:4: .*gone-1-1/),
  ]);
  expect(await fixture.failure(treefile, { lockfiles: [file], lockfileStrict: true })).toMatchObject({
    code: 'lockfile.package-missing',
    subject: 'lib-2:7-1.noarch',
    file,
    line: 3,
    key: 'lib',
  });
});

test('another file of a locked build is refused', async () => {
  const evra = '2-1.noarch';
  const file = lockfile('digest.json', { packages: { app: { evra, digest: `sha256:${'0'.repeat(64)}` } } });
  expect(await fixture.failure(fixture.treefile('packages: [app]\n'), { lockfiles: [file] })).toMatchObject({
    code: 'lockfile.digest-mismatch',
    subject: 'app-2-1.noarch',
    file,
  });
  // of the same build in two repositories, the locked file is taken
  const to = at('second.json');
  await would(fixture.treefile('packages: [extra]\nrepos: [test, second]\nrepo-packages: [{repo: second, packages: [app-2]}]\n'), {
    writeLockfileTo: to,
  });
  expect(await would(fixture.treefile('packages: [app]\nrepos: [test, second]\n', 'both.yaml'), { lockfiles: [to] })).toContain(
    'app-2-1.noarch (second)',
  );
});

test.each([
  ['{"packages": {"app": {"evr": "1-1", "evra": "1-1.noarch"}}}', 'packages.app', /either evr or evra/],
  ['{"packages": {"app": {}}}', 'packages.app', /either evr or evra/],
  ['{"packages": {"app": {"evar": "1-1"}}}', 'packages.app.evar', /Did you mean “evra?”/],
  ['{"packages": {"app": {"evr": "1-1", "digest": "abc"}}}', 'packages.app.digest', /ALGORITHM:HEX/],
  ['{"packages": {"app": "1-1"}}', 'packages.app', /expected a map, found the text “1-1”/],
  ['{"package": {}}', 'packages', /expected a map, found nothing/],
  ['{"packages": {', 'packages', /./],
])('a lockfile like %s is an error with file, line and key', async (text, key, words) => {
  const file = lockfile('wrong.json', `\n\n${text}\n`);
  const report = await fixture.failure(fixture.treefile('packages: [app]\n'), { lockfiles: [file] });
  expect(report).toMatchObject({ code: 'lockfile.invalid', file, key });
  expect(report.line).toBeGreaterThanOrEqual(key.includes('.') ? 3 : 1);
  expect(report.detail).toMatch(words);
});

test('repositories for locked packages give nothing else', async () => {
  const treefile = fixture.treefile('packages: [app, lib]\nlockfile-repos: [pool]\n');
  expect(await would(treefile)).toEqual(['app-3-1.noarch (test)', 'extra-1-1.noarch (test)', 'lib-2:2-1.noarch (test)']);
  const file = lockfile('pool.json', { packages: { app: { evra: '0-1.noarch' } } });
  expect(await would(treefile, { lockfiles: [file] })).toEqual(['app-0-1.noarch (pool)', 'lib-2:2-1.noarch (test)']);
});

test('repovars and a source root fill in what .repo files leave open', async () => {
  writeFileSync(at('vars.repo'), `[vars]\nbaseurl=file://${fixture.directory}/$channel\ngpgcheck=0\n`);
  expect(await would(fixture.treefile('packages: [only]\nrepos: [vars]\nrepovars: {channel: second}\n'))).toEqual([
    'only-2-1.noarch (vars)',
  ]);
  const root = at('root');
  mkdirSync(path.join(root, 'etc/yum.repos.d'), { recursive: true });
  mkdirSync(path.join(root, 'etc/dnf/vars'), { recursive: true });
  mkdirSync(path.join(root, 'usr/lib'), { recursive: true });
  writeFileSync(path.join(root, 'etc/dnf/vars/channel'), 'second\n');
  writeFileSync(path.join(root, 'usr/lib/os-release'), 'NAME=x\nVERSION_ID="ond"\n');
  writeFileSync(path.join(root, 'etc/yum.repos.d/host.repo'), `[host]\nbaseurl=file://${fixture.directory}/sec$releasever\ngpgcheck=0\n`);
  expect(await would(fixture.treefile('packages: [only]\nrepos: [host]\n'), { sourceRoot: root })).toEqual(['only-2-1.noarch (host)']);
  expect(await would(fixture.treefile('packages: [only]\nrepos: [vars]\n'), { sourceRoot: root })).toEqual(['only-2-1.noarch (vars)']);
  rmSync(root, { recursive: true });
});

test('the command line takes lockfiles, and prints what is wrong with file, line and key', async () => {
  const treefile = fixture.treefile('packages: [app]\n');
  const file = lockfile('cli.json', '{"packages": {"app": {"evr": "1-1"}}}');
  const common = ['--repo', fixture.repo, '--cachedir', fixture.cachedir, '--dry-run', treefile];
  const ok = await treeline(
    'compose',
    'tree',
    '--ex-lockfile',
    file,
    '--ex-lockfile-strict',
    '--ex-write-lockfile-to',
    at('cli-out.json'),
    ...common,
  );
  expect([ok.stdout.trim().split('\n').at(-1), ok.stderr, ok.status]).toEqual(['app-1-1.noarch (test)', '', 0]);
  expect(JSON.parse(readFileSync(at('cli-out.json'), 'utf8'))).toMatchObject({ packages: { app: { evra: '1-1.noarch' } } });
  const bad = await treeline('compose', 'tree', '--ex-lockfile', lockfile('bad.json', '{"packages": {"app": {"evr": 5}}}'), ...common);
  expect(bad.stderr).toContain(
    `${at('bad.json')}:1:packages.app.evr: The lockfile isn’t valid. “packages.app.evr”: expected text, found the number 5.`,
  );
  expect(bad.status).toBe(1);
});
