// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { errorLine } from '../../shared/errors/index.ts';
import { base, failure, treefileDirectory } from './treefile-fixture.ts';

const { at, load, file } = treefileDirectory();

test.each([
  ['recommends: "yes"', 'recommends', 4, 'expected true or false, found the text “yes”'],
  ['recommends: 1', 'recommends', 4, 'expected true or false, found the number 1'],
  ['recommends: ~x', 'recommends', 4, 'expected true or false, found the text “~x”'],
  ['units: a.service', 'units', 4, 'expected a list, found the text “a.service”'],
  ['units:\n  - a\n  - {b: c}', 'units', 6, 'expected text, found a map'],
  ['units:\n  - ""', 'units', 5, 'it is empty'],
  ['include: {a: b}', 'include', 4, 'expected text or a list, found a map'],
  ['include:\n  - a\n  - 5', 'include', 6, 'expected text, found the number 5'],
  ['boot-location: moduls', 'boot-location', 4, 'expected new, modules, kernel-install; found the text “moduls”. Did you mean “modules”?'],
  ['automatic-version-suffix: "--"', 'automatic-version-suffix', 4, 'expected exactly one character, found “--”'],
  ['selinux-label-version: 7', 'selinux-label-version', 4, 'expected at most 1, found 7'],
  ['selinux-label-version: 0.5', 'selinux-label-version', 4, 'expected a whole number, found the number 0.5'],
  ['edition: 2025', 'edition', 4, 'expected 2014 or 2024, found the number 2025'],
  [
    'check-passwd: {type: fiel}',
    'check-passwd',
    4,
    'expected none or previous or file or data, found the text “fiel”. Did you mean “file”?',
  ],
  ['check-passwd:\n  type: file', 'check-passwd', 4, 'expected text, found nothing'],
  [
    'check-groups:\n  type: data\n  entries:\n    bin: 1\n    adm: four',
    'check-groups',
    8,
    'expected a number or a list, found the text “four”',
  ],
  ['check-groups:\n  type: none\n  entires: {}', 'check-groups', 6, '“entires” isn’t a key here. Did you mean “entries”?'],
  ['repo-packages:\n  - repo: a\n    pakages: [b]', 'repo-packages', 5, 'expected a list, found nothing'],
  ['repo-packages:\n  - repo: a\n    packages: [b]\n    from: c', 'repo-packages', 7, '“from” isn’t a key here'],
  ['add-files:\n  - [a, /opt/x]', 'add-files', 5, 'a file can be put below /usr (not /usr/local) or /etc only'],
  ['add-files:\n  - [a, /usr/../var/x]', 'add-files', 5, 'a file can be put below /usr (not /usr/local) or /etc only'],
  ['remove-from-packages:\n  - [a]', 'remove-from-packages', 5, 'a package and at least one pattern'],
  [
    'remove-from-packages:\n  - [a, "(["]',
    'remove-from-packages',
    5,
    'after the package come regular expressions, and one of these isn’t one',
  ],
  ['variables: {basearch: x}', 'variables', 4, '“basearch”: basearch and releasever have values of their own; use the keys of these names'],
  ['variables: {"a b": x}', 'variables', 4, '“a b”: a name has letters, digits, “_”, “-” and “.” only'],
  ['variables: {a: [1]}', 'variables', 4, 'expected text or a number or true or false, found a list'],
  [
    'repovars: {releasever: "1"}',
    'repovars',
    4,
    '“releasever”: basearch and releasever have values of their own; use the keys of these names',
  ],
  ['add-commit-metadata: [a]', 'add-commit-metadata', 4, 'expected a map, found a list'],
  ['conditional-include:\n  - if: a == 1\n    includ: x', 'conditional-include', 5, 'expected text or a list or a map, found nothing'],
])('%j says what was expected and what is there', (text, key, line, detail) => {
  expect(failure(() => load(`${base}${text}\n`))).toMatchObject({
    code: 'treefile.invalid-value',
    file: at('tree.yaml'),
    key,
    line,
    detail,
  });
});

test('the line for people has file, line, key, and the next step', () => {
  expect(errorLine(failure(() => load(`${base}units: 5\n`)))).toBe(
    `${at('tree.yaml')}:4:units: Wrong value in the treefile. “units”: expected a list, found the number 5. Correct the value.`,
  );
});

test('anchors, aliases and merged maps are YAML’s, and errors inside them have their own line', () => {
  const t = load(
    `${base}repo-packages:\n  - &first\n    repo: r\n    packages: [a]\n  - <<: *first\n    packages: [b]\nunits: &u [x.service]\nremove-files: *u\n`,
  );
  expect(t.repoPackages.map((e) => [e.repo, e.packages])).toEqual([
    ['r', ['a']],
    ['r', ['b']],
  ]);
  expect(t.removeFiles).toEqual(['x.service']);
  expect(failure(() => load(`${base}add-commit-metadata:\n  units: &u [1]\nunits: *u\n`))).toMatchObject({
    key: 'units',
    line: 5,
    code: 'treefile.invalid-value',
  });
});

test('a map merged at the top gives its keys, the file’s own win, and what is merged is checked', () => {
  const t = load(`metadata: &m\n  ref: from/map\n  units: [m.service]\n<<: *m\nref: own\nrepos: [r]\npackages: [p]\n`);
  expect([t.ref, t.units]).toEqual(['own', ['m.service']]);
  expect(failure(() => load(`metadata: &m\n  ref: x\n  unitz: [m.service]\n<<: *m\nrepos: [r]\npackages: [p]\n`))).toMatchObject({
    code: 'treefile.unknown-key',
    line: 3,
    key: 'unitz',
  });
  expect(failure(() => load(`<<: 5\n${base}`))).toMatchObject({ code: 'treefile.syntax', line: 1 });
});

test.each([
  ['the same key twice', `${base}ref: b\n`, 4],
  ['the same key twice inside', `${base}variables:\n  a: 1\n  a: 2\n`, 6],
  ['one key in two spellings', `${base}boot_location: new\nboot-location: new\n`, 5],
  ['an alias of nothing', `${base}units: *nowhere\n`, 4],
  ['an alias of itself', `${base}metadata: &a {b: *a}\n`, 4],
  [
    'aliases that multiply',
    `${base}metadata: {a: &a [x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b], d: [*c,*c,*c,*c,*c]}\n`,
    4,
  ],
  ['two documents', `${base}---\nref: b\n`, 4],
  ['an unknown tag', `${base}units: !!foo [x]\n`, 4],
  ['a key that isn’t text', `${base}5: x\n`, 4],
  ['a list as a key', `${base}? [a]\n: b\n`, 4],
  ['a tab as indentation', `${base}variables:\n\ta: 1\n`, 5],
  ['a bracket that isn’t closed', 'ref: a\nrepos: [r\n', 2],
  ['nothing at all', '', 1],
  ['a text', 'just words\n', 1],
])('%s is a syntax error with a line', (_, text, line) => {
  const report = failure(() => load(text));
  expect(report).toMatchObject({ code: 'treefile.syntax', file: at('tree.yaml') });
  expect(Math.abs((report.line ?? 0) - line)).toBeLessThanOrEqual(1);
});

test('old spellings are taken', () => {
  const t = load(
    `${base}boot_location: modules\ndefault_target: x.target\nautomatic_version_prefix: "1"\ngpg_key: ABC\nrepo_metadata: disabled\nbootstrap_packages: [q]\n`,
  );
  expect(t).toMatchObject({
    bootLocation: 'modules',
    defaultTarget: 'x.target',
    automaticVersionPrefix: '1',
    gpgKey: 'ABC',
    repoMetadata: 'disabled',
  });
  expect(t.packages).toEqual(['p', 'q']);
});

test('variables are put into metadata; another architecture is refused', () => {
  const t = load(
    `${base}variables: {v: 7}\nmetadata: {a: "x\${v}", b: {c: "\${v}"}}\nadd-commit-metadata: {k: "\${v}.\${basearch}", n: 5}\nmutate-os-release: "\${v}"\n`,
  );
  expect(t.metadata).toEqual({ a: 'x7', b: { c: '${v}' } });
  expect(t.addCommitMetadata).toMatchObject({ k: `7.${t.basearch}`, n: 5 });
  expect(t.mutateOsRelease).toBe('7');
  expect(failure(() => load(`${base}basearch: vax\n`))).toMatchObject({ code: 'not-supported', key: 'basearch', line: 4 });
  expect(failure(() => load(`${base}metadata: {a: "\${nowhere}"}\n`))).toMatchObject({
    code: 'treefile.invalid-value',
    key: 'metadata',
    line: 4,
  });
});

test('a wrong value in an included file names that file', () => {
  file('inner.yaml', '\n\nunits: 7\n');
  expect(failure(() => load(`include: inner.yaml\n${base}`))).toMatchObject({ file: at('inner.yaml'), line: 3, key: 'units' });
});
