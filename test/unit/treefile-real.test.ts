// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { commitMetadata, type MetadataInput } from '../../main/engine/compose/build/metadata.ts';
import { printTreefile } from '../../main/engine/compose/treefile/print-treefile.ts';
import { parseRepoFile } from '../../main/engine/base/package-repos/repo-sections.ts';
import { warnOf } from '../../main/engine/compose/treefile/treefile-warnings.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { expandDate, nextVersion, unknownDateField } from '../../main/engine/compose/treefile/version.ts';
import { base, failure, treefileDirectory } from './treefile-fixture.ts';

const { at, file, load } = treefileDirectory();

describe('what real treefiles say', () => {
  test('rojig is read, its variables replaced, and printed: nothing is made of it, which a warning says', () => {
    const treefile = load(`${base}variables: {stream: stable}\nrojig: {name: fcos, summary: "Stream \${stream}", license: MIT}\n`);
    expect(treefile.rojig).toEqual({ name: 'fcos', summary: 'Stream stable', license: 'MIT' });
    expect(treefile.warnings.map(warnOf)).toEqual([expect.stringMatching(/tree\.yaml:5: .*rojig.*obsolete/)]);
    expect(JSON.parse(printTreefile(treefile))).toMatchObject({ ref: 'a/b/c', rojig: { name: 'fcos', summary: 'Stream stable' } });
    expect(failure(() => load(`${base}rojig: {name: fcos}\n`))).toMatchObject({ code: 'treefile.invalid-value', line: 4, key: 'rojig' });
    file('inner.yaml', 'rojig: {name: inner, summary: s, license: l}\n');
    expect(load(`${base}include: inner.yaml\nrojig: {name: outer, summary: s, license: l}\n`).rojig?.['name']).toBe('outer');
  });

  test('packages of any architecture are taken, and of this one used; a name that is none is warned about', () => {
    const treefile = load(`${base}packages-s390: [a]\npackages-armv7hl: [b]\npackages-x86-64: [c]\npackages-loongarch64: [d]\n`);
    expect(treefile.packages).toEqual(['p']);
    expect(treefile.warnings).toMatchObject([{ line: 6, key: 'packages-x86-64' }]);
    expect(failure(() => load(`${base}packages-s390: a\n`))).toMatchObject({ code: 'treefile.invalid-value', key: 'packages-s390' });
    expect(failure(() => load(`${base}packages-local: {a: b}\n`))).toMatchObject({ code: 'treefile.refused-key' });
  });

  test.each([
    'packages:',
    'packages: ~',
    'exclude-packages:',
    'units:\n#  - x',
    'repovars:',
    'recommends:',
    'include:',
    'conditional-include:',
  ])('a key without a value says nothing: %j', (line) => {
    const without = load(base.replace('packages: [p]', 'packages-x86_64: [p]\npackages-aarch64: [p]\npackages-riscv64: [p]'));
    const nothing = load(`${base.replace('packages: [p]', 'packages-x86_64: [p]\npackages-aarch64: [p]\npackages-riscv64: [p]')}${line}\n`);
    expect(printTreefile(nothing)).toBe(printTreefile(without));
  });

  test('an included file of nothing but comments adds nothing', () => {
    file('later.yaml', '# packages:\n#   - later\n');
    file('empty-document.yaml', '---\n# nothing\n');
    expect(load(`${base}include: [later.yaml, empty-document.yaml]\n`).packages).toEqual(['p']);
    expect(failure(() => load('# nothing\n'))).toMatchObject({ code: 'treefile.missing-key', key: 'packages' });
  });

  test.each([
    ['opt-usrlocal: stateoverlay', 'state-overlay'],
    ['opt-usrlocal: state-overlay', 'state-overlay'],
    ['opt-usrlocal-overlays: true', 'state-overlay'],
    ['opt-usrlocal-overlays: false', 'var'],
    ['opt-usrlocal: root\nopt-usrlocal-overlays: true', 'root'],
  ])('%j is opt-usrlocal %s', (line, mode) => expect(load(`${base}${line}\n`).optUsrlocal).toBe(mode));

  test.each(['bdb', 'b-d-b', 'target'])('rpmdb: %s is what the tree’s rpm uses', (name) =>
    expect(load(`${base}rpmdb: ${name}\n`).rpmdb).toBe('target'),
  );

  test('units need a machine-id, since without one systemd goes by presets', () => {
    expect(failure(() => load(`${base}units: [a.service]\nmachineid-compat: false\n`))).toMatchObject({
      code: 'treefile.invalid-value',
      line: 4,
      key: 'units',
      detail: expect.stringContaining('machineid-compat: false') as string,
    });
    expect(load(`${base}units: []\nmachineid-compat: false\n`).machineidCompat).toBe(false);
  });

  test('a .repo file may begin with a byte order mark', () => {
    expect(parseRepoFile('\uFEFF[a]\nbaseurl=file:///a\n', 'x.repo')).toMatchObject([{ id: 'a', line: 1 }]);
  });
});

describe('--print-only', () => {
  test('files are named as they are found from the treefile’s directory; absolute ones stay; it composes again from there', () => {
    file('inner/inner.yaml', 'check-passwd: {type: file, filename: passwd}\nadd-files: [[one, /usr/share/one]]\n');
    file('two', 'x');
    const text = `${base}include: inner/inner.yaml\nadd-files: [[two, /usr/share/two], [${at('three')}, /usr/share/three]]\npostprocess-script: run.sh\n`;
    const printed = printTreefile(load(text));
    expect(JSON.parse(printed)).toMatchObject({
      'check-passwd': { type: 'file', filename: 'inner/passwd' },
      'add-files': [
        ['inner/one', '/usr/share/one'],
        ['two', '/usr/share/two'],
        [at('three'), '/usr/share/three'],
      ],
      'postprocess-script': 'run.sh',
    });
    const again = loadTreefile(file('printed.json', printed));
    expect(again.addFiles.map((each) => each.source)).toEqual([at('inner/one'), at('two'), at('three')]);
    expect(printTreefile(again)).toBe(printed);
  });
});

describe('integers beyond 2^53 keep their digits', () => {
  const variant = (type: string, value: unknown): unknown => [type, value];
  const metadata = (input: Partial<MetadataInput>): ReadonlyMap<string, unknown> =>
    commitMetadata(
      {
        ...{
          treefile: load(base),
          params: { treefile: '', repo: '' },
          version: '',
          inputhash: '',
          packages: [],
          repos: [],
          advisories: [],
        },
        ...{ changes: new Uint8Array(), history: undefined, kernel: undefined },
        ...input,
      },
      variant,
    );

  test('of the treefile and of --add-metadata-from-json', () => {
    const treefile = load(
      `${base}add-commit-metadata: {big: 9007199254740993, least: -9223372036854775808, inner: {big: 9007199254740995}}\n`,
    );
    const made = metadata({ treefile });
    expect(made.get('big')).toEqual(['x', 9007199254740993n]);
    expect(made.get('least')).toEqual(['x', -9223372036854775808n]);
    expect(made.get('inner')).toEqual(['a{sv}', [['big', ['x', 9007199254740995n]]]]);
    expect(printTreefile(treefile)).toMatch(/"big": 9007199254740993,/);
    const json = file('meta.json', '{"big": 9007199254740993, "small": 7, "half": 0.5}');
    const given = metadata({ params: { treefile: '', repo: '', addMetadataFromJson: [json] } });
    expect([given.get('big'), given.get('small'), given.get('half')]).toEqual([
      ['x', 9007199254740993n],
      ['x', 7n],
      ['d', 0.5],
    ]);
  });

  test('where text is taken they are text', () => {
    expect(load(`${base}releasever: 9007199254740993\n`).releasever).toBe('9007199254740993');
  });
});

describe('dates in a version', () => {
  const noon = Date.UTC(2026, 2, 2, 9, 5, 7) / 1000;

  test.each([
    ['%Y%m%d', '20260302'],
    ['%F %T', '2026-03-02 09:05:07'],
    ['%-d.%-m', '2.3'],
    ['%_d|%e|%k', ' 2| 2| 9'],
    ['%G-W%V-%u', '2026-W10-1'],
    ['%a %B %I%p', 'Mon March 09AM'],
    ['%s', String(noon)],
  ])('%s', (format, text) => expect(expandDate(`<date:${format}>`, noon)).toBe(text));

  test.each(['%Q', '%E', '%'])('%s is an error at its line, never part of a version', (field) => {
    expect(unknownDateField(`1.<date:%Y${field}>`)).toBe(field);
    expect(failure(() => load(`${base}automatic-version-prefix: "1.<date:%Y${field}>"\n`))).toMatchObject({
      code: 'treefile.invalid-value',
      line: 4,
      key: 'automatic-version-prefix',
      detail: expect.stringContaining(`“${field}”`) as string,
    });
  });

  test('the suffix stands before the count, and another one than the last version’s begins anew', () => {
    expect(load(`${base}automatic-version-suffix: "-"\n`).automaticVersionSuffix).toBe('-');
    expect(load(base).automaticVersionSuffix).toBe('.');
    expect(nextVersion('43', '-', '43', noon)).toBe('43-1');
    expect(nextVersion('43', '-', '43-9', noon)).toBe('43-10');
    expect(nextVersion('43', '-', '43.9', noon)).toBe('43');
    expect(nextVersion('43.<date:%Y>', '~', undefined, noon)).toBe('43.2026~0');
    expect(nextVersion('43.<date:%Y>', '~', '43.2026~0', noon)).toBe('43.2026~1');
  });
});
