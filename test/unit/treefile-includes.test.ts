// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { expect, test } from 'vitest';
import { machineArch } from '../../main/engine/base/names/machine-arch.ts';
import { printTreefile } from '../../main/engine/compose/treefile/print-treefile.ts';
import { loadTreefile, type Treefile } from '../../main/engine/compose/treefile/treefile.ts';
import { base, failure, treefileDirectory } from './treefile-fixture.ts';

const { at, file, load } = treefileDirectory();
const inline = (t: Treefile): unknown[] => t.postprocess.map((step) => ('inline' in step ? step.inline : path.basename(step.script)));

test('of several included files the first wins single values, and lists come in the reverse order', () => {
  file(
    'one.yaml',
    'packages: [one]\nreleasever: 1\npostprocess: [one]\nvariables: {v: one, w: one}\nadd-commit-metadata: {k: one, l: one}\n',
  );
  file(
    'two.yaml',
    'packages: [two]\nreleasever: 2\ndefault-target: t\npostprocess: [two]\nvariables: {v: two, x: two}\nadd-commit-metadata: {m: two}\n',
  );
  const t = load(`${base}include: [one.yaml, two.yaml]\npostprocess: [own]\nvariables: {w: own}\nadd-commit-metadata: {k: own}\n`);
  expect(t.packages).toEqual(['two', 'one', 'p']);
  expect(inline(t)).toEqual(['two', 'one', 'own']);
  expect(t.releasever).toBe('1');
  expect(t.defaultTarget).toBe('t');
  expect(t.variables).toEqual({ v: 'one', w: 'own', x: 'two', basearch: machineArch, releasever: '1' });
  expect(t.addCommitMetadata).toEqual({ k: 'own', l: 'one', m: 'two' });
});

test('one postprocess-script runs, the including file’s, after all inline steps', () => {
  file('inner.yaml', 'postprocess-script: inner.sh\npostprocess: [inner]\n');
  expect(inline(load(`${base}include: inner.yaml\npostprocess-script: own.sh\npostprocess: [own]\n`))).toEqual(['inner', 'own', 'own.sh']);
  expect(load(`${base}include: inner.yaml\n`, 'other.yaml').postprocess.at(-1)).toMatchObject({ script: at('inner.sh') });
});

test('files that values name are beside the treefile that names them', () => {
  file('below/inner.yaml', 'add-files: [[x, /usr/x]]\npostprocess-script: s.sh\ncheck-passwd: {type: file, filename: users}\n');
  const t = load(`${base}include: below/inner.yaml\nadd-files: [[y, /etc/y]]\n`);
  expect(t.addFiles.map((f) => f.source)).toEqual([at('below/x'), at('y')]);
  expect(t.postprocess).toMatchObject([{ script: at('below/s.sh') }]);
  expect(t.checkPasswd).toEqual({ type: 'file', filename: at('below/users') });
});

test('arch-include takes the files of this architecture, after include', () => {
  file('i.yaml', 'packages: [i]\n');
  file('mine.yaml', 'packages: [mine]\nreleasever: 3\n');
  file('other.yaml', 'packages: [other]\n');
  const t = load(`${base}include: i.yaml\narch-include:\n  ${machineArch}: mine.yaml\n  sparc: [other.yaml]\n`);
  expect(t.packages).toEqual(['mine', 'i', 'p']);
  expect(failure(() => load(`${base}arch-include: {${machineArch}: [nowhere.yaml]}\n`))).toMatchObject({
    code: 'treefile.include',
    key: 'arch-include',
    line: 4,
    subject: 'nowhere.yaml',
  });
});

test.each([
  ['dev == true', true],
  ['dev != true', false],
  ['dev == false', false],
  ['stream == "stable"', true],
  ["stream != 'stable'", false],
  ['stream >= "rawhide"', true],
  ['count < 10', true],
  ['count <= 9', true],
  ['count > 9', false],
  ['count >= 9.5', false],
  ['releasever >= 41', true],
  ['releasever < 100', true],
  ['releasever == 43', true],
  ['releasever == "43"', true],
  [`basearch == "${machineArch}"`, true],
  ['stream == 5', false],
  ['stream != true', true],
])('condition %s is %s', (condition, holds) => {
  file('more.yaml', 'packages: [more]\n');
  const t = load(
    `${base}releasever: "43"\nvariables: {dev: true, stream: stable, count: 9}\nconditional-include:\n  - if: ${JSON.stringify(condition)}\n    include: more.yaml\n`,
  );
  expect(t.packages.includes('more')).toBe(holds);
});

test.each([
  ['nothing == 1', /no variable “nothing”; there are: .*basearch.*dev/],
  ['dve == true', /Did you mean “dev”/],
  ['dev = true', /isn’t a condition/],
  ['dev', /isn’t a condition/],
  ['dev > false', /can’t be ordered/],
  ['stream > 4', /can’t be ordered/],
  ['stream == stable', /text in quotes: "stable"/],
])('condition %s is an error at its line', (condition, words) => {
  const report = failure(() =>
    load(
      `${base}variables: {dev: true, stream: stable}\nconditional-include:\n  - if: dev == true\n    include: []\n  - if: ${JSON.stringify(condition)}\n    include: []\n`,
    ),
  );
  expect(report).toMatchObject({ code: 'treefile.invalid-value', key: 'conditional-include', line: 8 });
  expect(report.detail).toMatch(words);
});

test('all conditions of a list must hold', () => {
  const text = (value: number): string =>
    `${base}variables: {a: 1, b: ${value}}\nconditional-include:\n  - if: [a == 1, b == 2]\n    include: {packages: [both]}\n`;
  expect(load(text(2)).packages).toEqual(['both', 'p']);
  expect(load(text(3)).packages).toEqual(['p']);
});

test('a treefile written in place is checked as a file is, with its own lines, and may include further', () => {
  file('deep.yaml', 'packages: [deep]\n');
  const t = load(
    `${base}conditional-include:\n  - if: basearch != "z80"\n    include:\n      include: deep.yaml\n      recommends: false\n      packages-${machineArch}: [here]\n`,
  );
  expect(t.packages).toEqual(['deep', 'here', 'p']);
  expect(t.recommends).toBe(false);
  const unknown = failure(() => load(`${base}conditional-include:\n  - if: basearch != "z80"\n    include:\n      packges: [x]\n`));
  expect(unknown).toMatchObject({ code: 'treefile.unknown-key', line: 7, key: 'packges' });
  // also where the condition doesn't hold: a slip should not wait for the day when it does
  expect(failure(() => load(`${base}conditional-include:\n  - if: basearch == "z80"\n    include:\n      units: 5\n`))).toMatchObject({
    line: 7,
    key: 'units',
  });
});

test('conditions see variables of included files; those of including files have the last word', () => {
  file('vars.yaml', 'variables: {stream: stable}\n');
  file('inner.yaml', 'include: vars.yaml\nconditional-include:\n  - if: stream == "next"\n    include: {packages: [next]}\n');
  expect(load(`${base}include: inner.yaml\n`).packages).toEqual(['p']);
  expect(load(`${base}include: inner.yaml\nvariables: {stream: next}\n`, 'next.yaml').packages).toEqual(['next', 'p']);
});

test('a file may be included once only, and not by itself: both are named with file and line', () => {
  file('one.yaml', 'packages: [one]\n');
  file('two.yaml', '\ninclude: one.yaml\n');
  const twice = failure(() => load(`${base}include:\n  - two.yaml\n  - one.yaml\n`));
  expect(twice).toMatchObject({ code: 'treefile.include', file: at('tree.yaml'), line: 6, subject: 'one.yaml' });
  expect(twice.detail).toContain(`${at('two.yaml')}, line 2`);
  file('a.yaml', 'include: sub/../b.yaml\n');
  file('sub/x', '');
  file('b.yaml', '# b\ninclude: tree.yaml\n');
  const loop = failure(() => load(`${base}include: a.yaml\n`));
  expect(loop).toMatchObject({ code: 'treefile.include', file: at('sub/../b.yaml'), line: 2 });
  expect(loop.detail).toBe('it includes itself: tree.yaml → a.yaml → b.yaml → tree.yaml');
});

test('kickstart files: packages, excludes, weak dependencies, includes', () => {
  file('more.ks', '%packages --exclude-weakdeps\nmore\n%end\n');
  file(
    'base.ks',
    '# comment\n%include more.ks\n\n%packages\nbash # the shell\n-nano\nvim-*\n%end\npart / --size 5\n%post\necho hi\n%end\n',
  );
  const t = load(`${base}include: base.ks\n`);
  expect(t.packages).toEqual(['more', 'bash', 'vim-*', 'p']);
  expect(t.excludePackages).toEqual(['nano']);
  expect(t.recommends).toBe(false);
  expect(t.placeOf('packages', 'bash')).toMatchObject({ file: at('base.ks'), line: 5 });
  expect(t.warnings.map((w) => [w.line, w.key])).toEqual([
    [9, 'part'],
    [10, '%post'],
  ]);
});

test.each([
  ['%packages\n@core\n%end\n', 2, /groups/],
  ['%packages --nocore\n%end\n', 1, /--exclude-weakdeps/],
  ['%packages\nx\n', 1, /%end/],
  ['%end\n', 1, /without a section/],
  ['%include /etc/passwd\n', 1, /below/],
  ['%include ../x.ks\n', 1, /below/],
  ['%include\n', 1, /file name/],
])('a wrong kickstart %j is an error at its line', (text, line, words) => {
  file('x.ks', text);
  const report = failure(() => load(`${base}include: x.ks\n`));
  expect(report).toMatchObject({ code: 'treefile.syntax', file: at('x.ks'), line });
  expect(report.detail).toMatch(words);
});

test('edition 2024 has other defaults, and runs finalize.d beside each of its files, those of included files first', () => {
  expect(load(base)).toMatchObject({ edition: 2014, tmpIsDir: false, bootLocation: 'new', finalize: [] });
  file('finalize.d/20-b', '');
  file('finalize.d/10-a', '');
  file('below/finalize.d/30-c', '');
  file('below/inner.yaml', 'units: [u.service]\n');
  const t = load(`${base}edition: "2024"\ninclude: below/inner.yaml\n`);
  expect(t).toMatchObject({ edition: 2024, tmpIsDir: true, bootLocation: 'modules' });
  expect(t.finalize).toEqual([at('below/finalize.d/30-c'), at('finalize.d/10-a'), at('finalize.d/20-b')]);
  expect(load(`${base}edition: 2024\ntmp-is-dir: false\n`, 'own.yaml').tmpIsDir).toBe(false);
  expect(load(base, 'old.yaml').finalize).toEqual([]);
  expect(failure(() => load(`${base}edition: 2020\n`))).toMatchObject({ code: 'treefile.invalid-value', key: 'edition', line: 4 });
});

test('a container tree has neither labels nor a link at /tmp, unless it says so', () => {
  expect(load(`${base}container: true\n`)).toMatchObject({ selinux: false, tmpIsDir: true });
  expect(load(`${base}container: true\nselinux: true\n`, 'own.yaml').selinux).toBe(true);
  expect(load(base, 'plain.yaml').selinux).toBe(true);
});

test('a printed treefile has everything put in, and reads back as the same', () => {
  file('inner.yaml', 'packages: [inner]\npostprocess: [one]\nadd-files: [[x, /etc/x]]\ncheck-groups: {type: file, filename: groups}\n');
  file('s.sh', '#!/bin/sh\n');
  const t = load(
    `${base}include: inner.yaml\nvariables: {v: 1}\nreleasever: 43\nautomatic-version-prefix: "\${v}"\npackages-${machineArch}: ["'q >= 2'"]\npostprocess-script: s.sh\nedition: 2024\nrepo-packages: [{repo: r, packages: [a b]}]\n`,
  );
  const printed = loadTreefile(file('printed.json', printTreefile(t)));
  const plain = ({ path: _, files: __, placeOf: ___, ...rest }: Treefile): unknown =>
    JSON.parse(JSON.stringify(rest, (key, value: unknown) => (key === 'place' ? undefined : value)));
  expect(plain(printed)).toEqual(plain(t));
  expect(printed).toMatchObject({ packages: ['inner', 'p', 'q >= 2'], automaticVersionPrefix: '1', warnings: [] });
});
