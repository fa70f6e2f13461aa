// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkTreefile, listTreefileKeys } from '../../main/engine/compose/build/index.ts';
import { treefileKeys } from '../../main/engine/compose/treefile/treefile-keys.ts';

let directory: string;
let treefile: string;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'treeline-check-'));
  treefile = path.join(directory, 'trees/desktop.yaml');
  mkdirSync(path.join(directory, 'trees'));
  mkdirSync(path.join(directory, 'common'));
  writeFileSync(path.join(directory, 'trees/some.repo'), '[base]\nbaseurl=file:///nowhere\n[updates]\nbaseurl=file:///nowhere\n');
  writeFileSync(path.join(directory, 'common/base.yaml'), 'packages: [filesystem]\nrepos: [base]\n');
  writeFileSync(path.join(directory, 'common/broken.yaml'), 'packages: [a]\n\nunits: no list\n');
});
afterAll(() => rmSync(directory, { recursive: true }));

const good = 'ref: a/b\nrepos:\n  - base\npackages:\n  - bash\n';
/** Line, code and key of what is wrong. */
const wrong = (text: string): unknown[] =>
  checkTreefile(treefile, text).problems.map(({ file, line, code, key }) => [path.basename(file ?? ''), line, code, key]);

test('a good text has no problems, whatever the file on disk holds', () => {
  expect(checkTreefile(treefile, good)).toEqual({
    problems: [],
    warnings: [],
    ref: 'a/b',
    repos: ['base', 'updates'],
    usedRepos: ['base'],
    files: [treefile],
  });
});

test('everything that is wrong is said, in the order of the lines', () => {
  expect(wrong(`recommends: maybe\n${good}selinuxx: true\nunits:\n  - fine\n  - [not, text]\n`)).toEqual([
    ['desktop.yaml', 1, 'treefile.invalid-value', 'recommends'],
    ['desktop.yaml', 7, 'treefile.unknown-key', 'selinuxx'],
    ['desktop.yaml', 10, 'treefile.invalid-value', 'units'],
  ]);
});

test('a key that is wrong itself isn’t missed as well', () => {
  expect(wrong('ref: a/b\nrepos: [base]\npackages: 7\n')).toEqual([['desktop.yaml', 3, 'treefile.invalid-value', 'packages']]);
  expect(wrong('ref: a/b\nrepos: [base]\n')).toEqual([['desktop.yaml', undefined, 'treefile.missing-key', 'packages']]);
});

test('a syntax error stands alone, with its line', () => {
  expect(wrong(`${good}units: [a\nselinux: false\n`).slice(0, 1)).toEqual([
    ['desktop.yaml', expect.any(Number), 'treefile.syntax', undefined],
  ]);
  expect(wrong('- just\n- a list\n')).toHaveLength(1);
  expect(wrong('')).toHaveLength(1);
});

test('JSON is checked the same way, on one line too; what it ignores is a warning', () => {
  expect(wrong('{"ref":"a/b","recommends":"x","selinux":"3","repos":["nix"],"packages":["a"]}')).toEqual([
    ['desktop.yaml', 1, 'treefile.invalid-value', 'recommends'],
    ['desktop.yaml', 1, 'treefile.invalid-value', 'selinux'],
    ['desktop.yaml', 1, 'rpmmd.repo-not-found', 'repos'],
  ]);
  const json = path.join(directory, 'trees/desktop.json');
  expect(checkTreefile(json, '{"comment-packages":"why","ref":"a/b","repos":["base"],"packages":["a"]}')).toMatchObject({
    problems: [],
    warnings: [{ code: 'treefile.unknown-key', file: json, line: 1, key: 'comment-packages' }],
  });
  expect(checkTreefile(json, '{"ref":"a/b","repos":["base"],"packages":["a"],"selinux":7}').problems).toMatchObject([
    { code: 'treefile.invalid-value', key: 'selinux' },
  ]);
});

test('includes are found beside the file, and their errors name them', () => {
  const found = checkTreefile(treefile, 'ref: a/b\ninclude: ../common/base.yaml\n');
  expect(found).toMatchObject({ problems: [], usedRepos: ['base'] });
  expect(found.files.map((file) => path.basename(file)).sort()).toEqual(['base.yaml', 'desktop.yaml']);
  expect(wrong('ref: a/b\ninclude: ../common/broken.yaml\nrepos: [base]\n')).toEqual([
    ['broken.yaml', 3, 'treefile.invalid-value', 'units'],
  ]);
  expect(wrong(`${good}include: nowhere.yaml\nselinuxx: 1\n`)).toEqual([
    ['desktop.yaml', 6, 'treefile.include', 'include'],
    ['desktop.yaml', 7, 'treefile.unknown-key', 'selinuxx'],
  ]);
});

test('a repository that no .repo file defines is said where it is named', () => {
  expect(wrong(`ref: a/b\nrepos:\n  - base\n  - tseting\npackages: [bash]\n`)).toEqual([
    ['desktop.yaml', 4, 'rpmmd.repo-not-found', 'repos'],
  ]);
});

test('hundreds of wrong keys end the search, not the program', () => {
  const many = Array.from({ length: 300 }, (_, i) => `wrong-key-${i}: 1\n`).join('');
  expect(checkTreefile(treefile, good + many).problems).toHaveLength(20);
});

test('every key of the reader is offered, with the shape of its value', () => {
  const keys = listTreefileKeys();
  expect(keys.map(({ name }) => name)).toEqual(Object.keys(treefileKeys));
  const of = (name: string): unknown => keys.find((key) => key.name === name);
  expect(of('packages')).toMatchObject({ kind: 'packages' });
  expect(of('repos')).toMatchObject({ kind: 'repos' });
  expect(of('selinux')).toMatchObject({ kind: 'flag', values: ['true', 'false'] });
  expect(of('boot-location')).toMatchObject({ kind: 'choice', values: expect.arrayContaining(['new', 'modules']) });
  expect(of('units')).toMatchObject({ kind: 'list' });
  expect(of('variables')).toMatchObject({ kind: 'map' });
  for (const { name, about } of keys) expect(about.length, name).toBeGreaterThan(10);
});
