// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadTreefile, type Treefile } from '../../main/engine/compose/treefile/treefile.ts';
import { nearestKey } from '../../main/engine/base/names/nearest-key.ts';
import { refusedKeys, treefileKeys } from '../../main/engine/compose/treefile/treefile-keys.ts';
import { warnOf } from '../../main/engine/compose/treefile/treefile-warnings.ts';
import { splitPackages } from '../../main/engine/compose/treefile/treefile-values.ts';
import { loadRepos } from '../../main/engine/compose/treefile/repo-file.ts';
import { parseRepoFile } from '../../main/engine/base/package-repos/repo-sections.ts';
import { errorLine, TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(path.join(tmpdir(), 'treefile-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string): string => {
  const at = path.join(directory, name);
  writeFileSync(at, text);
  return at;
};
const load = (text: string, name = 'tree.yaml'): Treefile => loadTreefile(file(name, text));
const base = 'ref: a/b/c\nrepos: [r]\npackages: [p]\n';

function failure(run: () => unknown): ErrorReport {
  try {
    run();
  } catch (error) {
    if (error instanceof TreelineError) return error.report;
    throw error;
  }
  throw new Error('no error');
}

test('the same treefile in YAML and JSON is the same', () => {
  const yaml = load(`${base}recommends: false\nadd-files:\n  - [x, /usr/x]\nunits: [a.service]\n`);
  const json = load(
    JSON.stringify({
      ref: 'a/b/c',
      repos: ['r'],
      packages: ['p'],
      recommends: false,
      'add-files': [['x', '/usr/x']],
      units: ['a.service'],
    }),
    'tree.json',
  );
  const plain = ({ path: _, files: __, placeOf: ___, addFiles, ...rest }: Treefile): unknown => ({
    ...rest,
    addFiles: addFiles.map((f) => f.target),
  });
  expect(plain(yaml)).toEqual(plain(json));
});

test('an unknown key is an error with file, line, key and the nearest key', () => {
  const report = failure(() => load(`${base}documentaton: false\n`));
  expect(report).toMatchObject({ code: 'treefile.unknown-key', file: path.join(directory, 'tree.yaml'), line: 4, key: 'documentaton' });
  expect(errorLine(report)).toContain('Did you mean “documentation”?');
  expect(errorLine(report)).toContain('tree.yaml:4:documentaton');
});

test('in JSON, where it is a way to write a comment, it is a warning', () => {
  const t = load('{\n "ref": "a",\n "repos": ["r"],\n "packages": ["p"],\n "recomends": false,\n\t"comment": "x"}', 'tree.json');
  expect(t.warnings).toMatchObject([
    { code: 'treefile.unknown-key', file: path.join(directory, 'tree.json'), line: 5, key: 'recomends' },
    { code: 'treefile.unknown-key', line: 6, key: 'comment' },
  ]);
  expect(t.warnings.map(warnOf)[0]).toBe(`warning: ${directory}/tree.json:5: “recomends” is not a key. Did you mean “recommends”?`);
  expect(t.recommends).toBe(true);
});

test('a key that is missing, since it is misspelt in JSON, is named with its misspelling', () => {
  const report = failure(() => load('{\n "ref": "a",\n "repos": ["r"],\n "packges": ["p"]\n}', 'tree.json'));
  expect(report).toMatchObject({ code: 'treefile.missing-key', key: 'packages' });
  expect(errorLine(report)).toContain('Line 4 has “packges”.');
});

test('an unknown key in an included file names that file', () => {
  file('inner.yaml', 'packages: [q]\n\nselinx: false\n');
  expect(failure(() => load(`include: inner.yaml\n${base}`))).toMatchObject({
    code: 'treefile.unknown-key',
    file: path.join(directory, 'inner.yaml'),
    line: 3,
    key: 'selinx',
  });
});

test('a key that nothing is like gets no suggestion', () => {
  expect(errorLine(failure(() => load(`${base}zzzzzzzzzz: 1\n`)))).not.toContain('Did you mean');
  expect(nearestKey('zzzzzzzzzz', Object.keys(treefileKeys))).toBeUndefined();
});

test.each(Object.keys(refusedKeys))('%s is refused with the reason', (key) => {
  const report = failure(() => load(`${base}${key}: {}\n`));
  expect(report).toMatchObject({ code: 'treefile.refused-key', line: 4, key, detail: refusedKeys[key] });
  expect(failure(() => load(`{"ref": "a", "repos": ["r"], "packages": ["p"], "${key}": 1}`, 'tree.json')).code).toBe(
    'treefile.refused-key',
  );
});

test('reasons say whose key it is', () => {
  expect(errorLine(failure(() => load(`${base}override-remove: [x]\n`)))).toContain('is for a client’s origin');
  expect(errorLine(failure(() => load(`${base}modules: {enable: [a]}\n`)))).toContain('gave up');
});

test('the platform of modules is a name and a stream', () => {
  expect(load(`${base}variables: {el: 8}\nplatform-module: "platform:el\${el}"\n`).platformModule).toBe('platform:el8');
  expect(failure(() => load(`${base}platform-module: el8\n`))).toMatchObject({
    code: 'treefile.invalid-value',
    line: 4,
    key: 'platform-module',
  });
});

test.each([
  ['recommends: "yes"', 4, 'recommends'],
  ['packages:\n  - a\n  - 5', 6, 'packages'],
  ['default-target: [a]', 4, 'default-target'],
  ['add-files:\n  - [only-one]', 5, 'add-files'],
])('a wrong value is an error at its line: %s', (text, line, key) => {
  expect(failure(() => load(`ref: a\nrepos: [r]\n# comment\n${text}\n`))).toMatchObject({ code: 'treefile.invalid-value', line, key });
});

test('syntax errors, duplicate keys and what isn’t a map are errors with a line', () => {
  expect(failure(() => load('ref: a\nrepos: [r\npackages: [p]\n'))).toMatchObject({ code: 'treefile.syntax' });
  expect(failure(() => load(`${base}ref: b\n`))).toMatchObject({ code: 'treefile.syntax', line: 4 });
  expect(failure(() => load('- a\n'))).toMatchObject({ code: 'treefile.syntax', line: 1 });
  expect(failure(() => loadTreefile(path.join(directory, 'nowhere.yaml')))).toMatchObject({ code: 'treefile.unreadable' });
});

test('packages must be given', () => {
  expect(failure(() => load('ref: a/b/c\nrepos: [r]\n'))).toMatchObject({ code: 'treefile.missing-key', key: 'packages' });
});

test('without repos, all that .repo files enable are taken; none is an error', () => {
  const text = base.replace('repos: [r]\n', '');
  expect(failure(() => loadRepos(load(text)))).toMatchObject({ code: 'treefile.missing-key', key: 'repos' });
  file('x.repo', '[a]\nbaseurl=file:///a\n[b]\nbaseurl=file:///b\nenabled=0\n[c]\nbaseurl=file:///c\n');
  expect(loadRepos(load(text)).map((r) => r.id)).toEqual(['a', 'c']);
});

test('a treefile needs no ref', () => {
  expect(load('repos: [r]\npackages: [p]\n').ref).toBe('');
});

test('includes: lists join, single values of the including file win, maps merge, relative to the file that names them', () => {
  file('inner.yaml', 'packages: [q]\nrecommends: false\nreleasever: 40\nadd-commit-metadata: {a: 1, b: 2}\npostprocess: [inner]\n');
  const t = load(`${base}include: inner.yaml\nreleasever: "41"\nadd-commit-metadata: {b: 3}\npostprocess: [outer]\n`);
  expect(t.packages).toEqual(['q', 'p']);
  expect(t.recommends).toBe(false);
  expect(t.releasever).toBe('41');
  expect(t.addCommitMetadata).toEqual({ a: 1, b: 3 });
  expect(t.postprocess.map((s) => 'inline' in s && s.inline)).toEqual(['inner', 'outer']);
  expect(t.files).toHaveLength(2);
  expect(t.placeOf('packages', 'q')).toMatchObject({ file: path.join(directory, 'inner.yaml'), line: 1 });
});

test('a missing or circular include is an error at the include’s line', () => {
  expect(failure(() => load(`${base}include: [nowhere.yaml]\n`))).toMatchObject({
    code: 'treefile.include',
    line: 4,
    subject: 'nowhere.yaml',
  });
  file('a.yaml', 'include: tree.yaml\n');
  expect(failure(() => load(`${base}include: a.yaml\n`))).toMatchObject({
    code: 'treefile.include',
    file: path.join(directory, 'a.yaml'),
    line: 1,
  });
});

test('packages of this architecture only; entries split at blanks, quotes keep a version query', () => {
  const t = load(`${base}packages-x86_64: ["a b 'c >= 2'"]\npackages-aarch64: [z]\n`);
  const own = process.arch === 'x64' ? ['p', 'a', 'b', 'c >= 2'] : ['p', 'z'];
  expect(t.packages).toEqual(own);
  expect(splitPackages("  'x = 1'  y ")).toEqual(['x = 1', 'y']);
});

test('variables are substituted; an unknown one is an error that lists the known ones', () => {
  const t = load(
    'ref: os/${basearch}/${stream}\nvariables: {stream: stable}\nreleasever: 43\nrepos: [r]\npackages: [p]\nautomatic-version-prefix: "${releasever}.<date:%Y>"\n',
  );
  expect(t.ref).toMatch(/^os\/[a-z0-9_]+\/stable$/);
  expect(t.automaticVersionPrefix).toBe('43.<date:%Y>');
  const report = failure(() => load('ref: os/${strem}\nrepos: [r]\npackages: [p]\n'));
  expect(report).toMatchObject({ code: 'treefile.invalid-value', key: 'ref', line: 1 });
  expect(report.detail).toContain('basearch');
});

test('.repo files: options, continued lines, defaults', () => {
  file(
    'r.repo',
    '# c\n[r]\nname=R $releasever\nbaseurl=http://a/\n  http://b/\ngpgkey=file:///k1 k2\nexclude=x, y*\npriority=10\nsslverify=0\n\n[off]\nbaseurl=file:///x\nenabled=0\ngpgcheck=no\n',
  );
  const [r] = loadRepos(load(base));
  expect(r).toMatchObject({
    id: 'r',
    baseurl: ['http://a/', 'http://b/'],
    gpgcheck: true,
    gpgkey: ['file:///k1', 'k2'],
    excludes: ['x', 'y*'],
    priority: 10,
    other: { sslverify: '0' },
    line: 2,
  });
  expect(loadRepos(load(base.replace('[r]', '[off]')))[0]?.gpgcheck).toBe(false);
});

test('a repository that no .repo file defines is an error at the treefile’s line', () => {
  expect(failure(() => loadRepos(load(base)))).toMatchObject({ code: 'rpmmd.repo-not-found', subject: 'r', line: 2, key: 'repos' });
});

test.each([
  ['[r]\nbaseurl file:///x', 2],
  ['baseurl=x', 1],
  ['  x', 1],
])('a broken .repo file is an error with its line', (text, line) => {
  expect(failure(() => parseRepoFile(text, 'r.repo'))).toMatchObject({ code: 'repo-file.syntax', file: 'r.repo', line });
});

test('a repository that wants signed metadata is refused, not used unsigned', () => {
  file('r.repo', '[r]\nbaseurl=file:///x\nrepo_gpgcheck=1\n');
  expect(failure(() => loadRepos(load(base)))).toMatchObject({ code: 'not-supported', key: 'r.repo_gpgcheck', line: 3 });
});

test('a repository without an address, or with a wrong flag, is an error', () => {
  file('r.repo', '[r]\nname=x\n');
  expect(failure(() => loadRepos(load(base)))).toMatchObject({ code: 'repo-file.invalid-value', key: 'r.baseurl', line: 1 });
  file('r.repo', '[r]\nbaseurl=file:///x\ngpgcheck=maybe\n');
  expect(failure(() => loadRepos(load(base)))).toMatchObject({ code: 'repo-file.invalid-value', key: 'r.gpgcheck', line: 3 });
});
