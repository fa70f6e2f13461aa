// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ResolvedPackage } from '../../main/engine/base/ports/resolver.ts';
import { inputHash } from '../../main/engine/compose/build/input-hash.ts';
import type { Layer } from '../../main/engine/compose/build/layers.ts';
import { treefileKeys } from '../../main/engine/compose/treefile/treefile-keys.ts';
import { machineArch } from '../../main/engine/base/names/machine-arch.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { base, treefileDirectory } from './treefile-fixture.ts';

const { at, file, load } = treefileDirectory();

interface Case {
  /** A line that names `named`. */
  readonly line: string;
  readonly first: string;
  readonly second: string;
}

const users: Omit<Case, 'line'> = { first: 'a:x:1:1::/:/bin/sh\n', second: 'a:x:2:1::/:/bin/sh\n' };
const included: Omit<Case, 'line'> = { first: 'documentation: true\n', second: 'documentation: false\n' };
/** Every key that names a file; the keys' own table says which these are. */
const cases: Readonly<Record<string, Case>> = {
  include: { line: 'include: named', ...included },
  'arch-include': { line: `arch-include: {${machineArch}: named}`, ...included },
  'conditional-include': { line: 'variables: {a: 1}\nconditional-include: [{if: a == 1, include: named}]', ...included },
  'check-passwd': { line: 'check-passwd: {type: file, filename: named}', ...users },
  'check-groups': { line: 'check-groups: {type: file, filename: named}', first: 'a:x:1:\n', second: 'a:x:2:\n' },
  'postprocess-script': { line: 'postprocess-script: named', first: '#!/bin/sh\ntrue\n', second: '#!/bin/sh\nfalse\n' },
  'add-files': { line: 'add-files: [[named, /usr/share/named]]', first: 'one', second: 'two' },
};
const fileKeys = Object.entries(treefileKeys)
  .filter(([, spec]) => spec.namesFiles)
  .map(([key]) => key);

test('each key that names a file has a case', () => {
  expect(Object.keys(cases).sort()).toEqual([...fileKeys].sort());
});

const hash = (packages: readonly ResolvedPackage[] = [], layers: readonly Layer[] = []): string =>
  inputHash(loadTreefile(at('tree.yaml')), packages, layers);

describe.each(fileKeys)('%s', (key) => {
  const { line, first, second } = cases[key] ?? { line: '', first: '', second: '' };

  test('what its file holds is part of the input hash', () => {
    file('named', first);
    load(`${base}${line}\n`);
    const before = hash();
    expect(hash()).toBe(before);
    writeFileSync(at('named'), second);
    expect(hash()).not.toBe(before);
    writeFileSync(at('named'), first);
    expect(hash()).toBe(before);
  });
});

test.each(['add-files', 'postprocess-script'])('%s: the file’s mode is, too', (key) => {
  file('named', 'x');
  load(`${base}${cases[key]?.line ?? ''}\n`);
  const before = hash();
  chmodSync(at('named'), 0o755);
  expect(hash()).not.toBe(before);
});

test('of a directory in add-files, each file’s name and content', () => {
  file('named/inner/one', '1');
  load(`${base}add-files: [[named, /usr/share/named]]\n`);
  const seen = new Set([hash()]);
  file('named/inner/one', '2');
  seen.add(hash());
  file('named/inner/two', '2');
  seen.add(hash());
  expect(seen.size).toBe(3);
});

test('so are programs of finalize.d, packages’ digests, layers and their order of precedence', () => {
  load(`${base}edition: 2024\n`);
  const pkg = (hex: string): ResolvedPackage => ({
    ...{ name: 'p', epoch: 0, version: '1', release: '1', arch: 'noarch', nevra: 'p-1-1.noarch', repo: 'r', path: '/p', remote: false },
    ...{ downloadBytes: 0, digest: { algorithm: 'sha256', hex } },
  });
  const layer = (checksum: string, override: boolean): Layer => ({ ref: 'l', checksum, repo: '/r', override });
  const seen = new Set([hash(), hash([pkg('a')]), hash([pkg('b')]), hash([], [layer('a', false)]), hash([], [layer('b', false)])]);
  seen.add(hash([], [layer('a', true)]));
  file(path.join('finalize.d', '10-x'), 'true');
  seen.add(hash());
  file(path.join('finalize.d', '10-x'), 'false');
  seen.add(hash());
  expect(seen.size).toBe(8);
});
