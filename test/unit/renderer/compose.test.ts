// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import type { PlannedPackage } from '../../../shared/domain/index.ts';
import { completionPlace } from '../../../renderer/features/compose/completion-place.ts';
import { filterPackages } from '../../../renderer/features/compose/plan-rows.ts';

test.each([
  ['', { kind: 'key', word: '', json: false }],
  ['sel', { kind: 'key', word: 'sel', json: false }],
  ['ref: a\nrec', { kind: 'key', word: 'rec', json: false }],
  ['selinux: ', { kind: 'value', key: 'selinux', word: '' }],
  ['rpmdb: sq', { kind: 'value', key: 'rpmdb', word: 'sq' }],
  ['packages:\n  - open', { kind: 'item', key: 'packages', word: 'open' }],
  ['packages:\n- open', { kind: 'item', key: 'packages', word: 'open' }],
  ['packages:\n  - bash less\n  - kernel open', { kind: 'item', key: 'packages', word: 'open' }],
  ['packages:\n  # with a comment: like this\n  - ', { kind: 'item', key: 'packages', word: '' }],
  ["packages:\n  - 'open", { kind: 'item', key: 'packages', word: 'open' }],
  ['packages: [bash, le', { kind: 'item', key: 'packages', word: 'le' }],
  ['packages-x86_64:\n  - g', { kind: 'item', key: 'packages-x86_64', word: 'g' }],
  ['repos:\n  - ba', { kind: 'item', key: 'repos', word: 'ba' }],
  ['packages:\n  - bash # less', undefined],
  ['ref: a b', undefined],
  ['{ "sel', { kind: 'key', word: 'sel', json: true }],
  ['{\n  "packages": ["bash", "le', { kind: 'item', key: 'packages', word: 'le' }],
  ['{ "packages": ["bash"', undefined],
  ['{ "selinux": tr', { kind: 'value', key: 'selinux', word: 'tr' }],
])('%j: what could stand at its end', (before, place) => {
  expect(completionPlace(before)).toEqual(place);
});

const pkg = (name: string, installedSizeBytes: number, more: Partial<PlannedPackage> = {}): PlannedPackage => ({
  ...{ name, epoch: 0, version: '1', release: '1', arch: 'x86_64', repo: 'base', downloadBytes: 0, here: true, installedSizeBytes },
  ...more,
});

test('packages are searched, and listed by name or size', () => {
  const packages = [
    pkg('bash', 8, { summary: 'A shell' }),
    pkg('kernel', 90, { repo: 'updates', named: { file: '/t', line: 3 } }),
    pkg('less', 2),
  ];
  const names = (filter: 'all' | 'named' | 'largest', query = ''): string[] =>
    filterPackages(packages, filter, query).map(({ name }) => name);
  expect(names('all')).toEqual(['bash', 'kernel', 'less']);
  expect(names('named')).toEqual(['kernel']);
  expect(names('largest')).toEqual(['kernel', 'bash', 'less']);
  expect(names('all', 'SHELL')).toEqual(['bash']);
  expect(names('all', 'upd ker')).toEqual(['kernel']);
  // the plan itself keeps its order
  expect(packages.map(({ name }) => name)).toEqual(['bash', 'kernel', 'less']);
});
