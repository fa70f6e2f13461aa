// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { releasedChangelog, releaseProblem } from '../../../main/launch/release-notes.mjs';

const tree = mkdtempSync(path.join(tmpdir(), 'treeline-release-'));
const metainfo = 'assets/system/org.treeline.Treeline.metainfo.xml';
const carried = ['main/launch', 'package.json', 'package-lock.json', '.npmrc', 'shared/domain/version.ts', metainfo];
const read = (file: string): string => readFileSync(path.join(tree, file), 'utf8');
const write = (file: string, text: string): void => writeFileSync(path.join(tree, file), text);

/** Neither the person's configuration of git nor the machine's has a say. */
const env = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  HOME: tree,
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'A'],
      [`GIT_${who}_EMAIL`, 'a@example.org'],
    ]),
  ),
  SOURCE_DATE_EPOCH: '1796083200',
};

function run(program: string, ...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: tree, env, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

const release = (...args: string[]): ReturnType<typeof run> => run(process.execPath, 'main/launch/release.mjs', '--no-packages', ...args);
const git = (...args: string[]): string => run('git', ...args).said.trim();

beforeAll(() => {
  for (const each of carried) cpSync(each, path.join(tree, each), { recursive: true });
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- One thing.\n');
  write('.gitignore', 'node_modules\n.npm\n');
  mkdirSync(path.join(tree, 'node_modules'));
  symlinkSync(path.resolve('node_modules/semver'), path.join(tree, 'node_modules/semver'));
  nodeModulesAreCurrent();
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Begin');
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

function nodeModulesAreCurrent(): void {
  write('node_modules/.treeline-lock', createHash('sha256').update(read('package-lock.json')).digest('hex'));
}

test('a release has its version in each file, a section of the changelog and a tag with that section', () => {
  const done = release('7.0.0');
  expect(done.said).toContain('Tag v7.0.0');
  expect(done.status).toBe(0);
  expect(JSON.parse(read('package.json'))).toMatchObject({ version: '7.0.0' });
  expect(JSON.parse(read('package-lock.json'))).toMatchObject({ version: '7.0.0', packages: { '': { version: '7.0.0' } } });
  expect(read('shared/domain/version.ts')).toContain("treelineVersion = '7.0.0'");
  expect(read(metainfo)).toContain('<releases>\n    <release version="7.0.0" date="2026-12-01"/>\n    <release version="');
  expect(read('CHANGELOG.md')).toBe('# Changelog\n\n## [Unreleased]\n\n## [7.0.0] - 2026-12-01\n\n### Added\n\n- One thing.\n');
  expect(git('status', '--porcelain')).toBe('');
  expect(git('log', '-1', '--format=%s')).toBe('Release 7.0.0');
  expect(git('for-each-ref', '--format=%(objecttype) %(refname:short) %(contents)', 'refs/tags')).toBe(
    'tag v7.0.0 Treeline 7.0.0\n\n### Added\n\n- One thing.',
  );
});

test.each([
  ['nothing new', '7.0.1', 'nothing under [Unreleased]'],
  ['not newer', '7.0.0', '7.0.0 has been released already'],
  ['no version', '7.1', 'MAJOR.MINOR.PATCH'],
])('%s: the reason is said and nothing changes', (_name, version, said) => {
  nodeModulesAreCurrent();
  const before = git('rev-parse', 'HEAD');
  const refused = release(version);
  expect(refused.said).toContain(said);
  expect(refused.status).toBe(1);
  expect([git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual([before, '']);
});

test('changes that no commit holds are named and kept', () => {
  const changelog = read('CHANGELOG.md');
  write('CHANGELOG.md', changelog.replace('## [Unreleased]\n', '## [Unreleased]\n\n- Another.\n'));
  expect(release('7.0.1').said).toContain('M CHANGELOG.md');
  expect(read('CHANGELOG.md')).toContain('- Another.');
  git('commit', '--all', '--quiet', '--message', 'More');
});

test('a step that fails leaves everything as it was', () => {
  write('shared/domain/version.ts', 'export {};\n');
  git('commit', '--all', '--quiet', '--message', 'Break');
  const refused = release('7.0.1');
  expect(refused.said).toContain('shared/domain/version.ts has no line that says the version');
  expect([git('status', '--porcelain'), git('log', '-1', '--format=%s'), git('tag')]).toEqual(['', 'Break', 'v7.0.0']);
});

test('versions are ordered as Semantic Versioning says', () => {
  expect(releaseProblem('1.0.0', ['v1.0.0-rc.2', 'v1.0.0-rc.10', 'other'])).toBeUndefined();
  expect(releaseProblem('1.0.0-rc.9', ['v1.0.0-rc.10'])).toContain('1.0.0-rc.10');
  expect(releaseProblem('v1.0.0', [])).toContain('no version');
});

test('the older sections stay as they are', () => {
  const old = '## [1.0.0] - 2026-01-01\n\n- Old.\n';
  const { changelog, section } = releasedChangelog(`# C\n\n## [Unreleased]\n\n- New.\n\n${old}`, '1.1.0', '2026-02-02');
  expect(changelog).toBe(`# C\n\n## [Unreleased]\n\n## [1.1.0] - 2026-02-02\n\n- New.\n\n${old}`);
  expect(section).toBe('- New.');
  expect(() => releasedChangelog('# C\n', '1.0.0', '2026-01-01')).toThrow('no line');
});
