// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { parseNevra, type DeployedPackage, type DeployedPackages, type LayerPackage, type Package } from '../../../shared/domain/index.ts';
import { changeOf, clearWishes, effectOf, packageOf, toggleWish, usePlan, type Wish } from '../../../renderer/model/package-plan.ts';
import { mainArch, packageRows, rowKey, segmentCounts, wishOf } from '../../../renderer/model/package-rows.ts';
import { stepOver } from '../../../renderer/ui/list-steps.ts';

const pkg = (nevra: string): Package => {
  const parsed = parseNevra(nevra);
  if (!parsed) throw new RangeError(nevra);
  return parsed;
};
const here = (nevra: string, part: DeployedPackage['part'], more: Partial<DeployedPackage> = {}): DeployedPackage => ({
  ...{ ...pkg(nevra), part, installedSizeBytes: 100 },
  ...more,
});
const coming = (nevra: string, neededBy: readonly string[] = [], downloadBytes: number | undefined = 10): LayerPackage => ({
  ...{ ...pkg(nevra), installedSizeBytes: 1000, neededBy: [...neededBy] },
  ...(downloadBytes === undefined ? {} : { downloadBytes }),
});

const now: DeployedPackages = {
  deploymentId: 'os-x.0',
  packages: [
    here('bash-5-1.x86_64', 'base', { summary: 'The shell' }),
    here('glibc-2-1.i686', 'base'),
    here('glibc-2-1.x86_64', 'base'),
    here('helper-1-1.noarch', 'layered'),
    here('htop-3-1.x86_64', 'layered', { request: 'htop' }),
    here('nano-7-1.x86_64', 'base'),
    here('podman-5-1.x86_64', 'replaced', { replaces: pkg('podman-4-1.x86_64') }),
    here('tool-1-1.x86_64', 'local', { request: 'tool-1-1.x86_64' }),
  ],
  removed: [{ ...pkg('firefox-1-1.x86_64'), installedSizeBytes: 500 }],
  inactive: ['strace'],
};
const found = [
  { ...pkg('vim-9-1.x86_64'), repo: 'main', summary: 'An editor' },
  { ...pkg('vim-9-1.i686'), repo: 'main', summary: 'An editor' },
  { ...pkg('bash-6-1.x86_64'), repo: 'main', summary: 'The shell' },
  { ...pkg('vim-9-1.x86_64'), repo: 'main', summary: 'An editor', key: 'again' },
];
const keys = (...args: Parameters<typeof packageRows>): string[] => packageRows(...args).map(rowKey);

test('segments count what they show', () => {
  const counts = segmentCounts(now);
  expect(counts).toEqual({ all: 8, base: 4, layered: 2, local: 1, replaced: 1, removed: 1, inactive: 1 });
  for (const segment of ['layered', 'local', 'replaced', 'removed', 'inactive', 'base'] as const)
    expect(packageRows(now, segment, '', undefined)).toHaveLength(counts[segment]);
});

test('a search finds what is here, what was left out or asked for in vain, and what repositories have besides', () => {
  expect(keys(now, 'all', 'STRACE', undefined)).toEqual(['inactive strace']);
  expect(keys(now, 'all', 'fire', undefined)).toEqual(['removed firefox-1-1.x86_64']);
  expect(keys(now, 'all', 'shell', found)).toEqual([
    ...['heading here', 'here bash-5-1.x86_64', 'heading repos'],
    ...['found vim-9-1.x86_64', 'found vim-9-1.i686'],
  ]);
  expect(keys(now, 'layered', 'bash', undefined)).toEqual([]);
});

test('what may be wished is what the service takes', () => {
  const arch = mainArch(now);
  expect(arch).toBe('x86_64');
  const wishes = [...packageRows(now, 'all', '1', found), ...packageRows(now, 'inactive', '', undefined)].map((row) => wishOf(row, arch));
  expect(wishes.filter((wish) => wish !== undefined).map(({ kind, spec }) => `${kind} ${spec}`)).toEqual([
    ...['leaveOut bash', 'leaveOut glibc', 'leaveOut glibc', 'remove htop', 'leaveOut nano', 'restore podman', 'remove tool-1-1.x86_64'],
    ...['restore firefox', 'add vim', 'add vim.i686', 'remove strace'],
  ]);
});

const add: Wish = { kind: 'add', spec: 'vim', name: 'vim' };
const remove: Wish = { kind: 'remove', spec: 'htop', name: 'htop' };
const leaveOut: Wish = { kind: 'leaveOut', spec: 'nano', name: 'nano' };
const restore: Wish = { kind: 'restore', spec: 'firefox', name: 'firefox' };

test('wishes become one change', () => {
  expect(changeOf([add, remove, leaveOut, restore, { ...add, spec: 'mc' }])).toEqual({
    ...{ installPackages: ['vim', 'mc'], uninstallPackages: ['htop'] },
    ...{ overrideRemovePackages: ['nano'], overrideResetPackages: ['firefox'] },
  });
  expect(changeOf([add])).toEqual({ installPackages: ['vim'] });
});

test('a plan is told by how it differs from what is there', () => {
  const layer = {
    added: [
      coming('helper-2-1.noarch', ['vim'], 0),
      coming('podman-5-1.x86_64', [], 0),
      coming('tool-1-1.x86_64', [], 0),
      coming('vim-9-1.x86_64'),
      coming('vim-data-9-1.noarch', ['vim']),
    ],
    replaced: [{ before: 'nano-7-1.x86_64' }, { before: 'podman-4-1.x86_64', after: 'podman-5-1.x86_64' }],
    inactive: [
      { spec: 'strace', by: 'busybox' },
      { spec: 'sh', by: 'bash' },
    ],
    setAside: [],
  };
  const wishes = [add, remove, leaveOut, restore];
  const effect = effectOf(now, { layer }, wishes);
  const names = (list: readonly Package[]): string[] => list.map(({ name }) => name);
  expect(names(effect.added)).toEqual(['vim']);
  expect(names(effect.along)).toEqual(['vim-data']);
  expect(effect.changed.map(({ from, to }) => `${from.name} ${from.version} ${to.version}`)).toEqual(['helper 1 2']);
  expect(names(effect.gone)).toEqual(['htop']);
  expect(names(effect.leftOut)).toEqual(['nano']);
  expect(names(effect.back)).toEqual(['firefox']);
  expect(effect.inactive).toEqual([{ spec: 'sh', by: 'bash' }]);
  expect(effect).toMatchObject({ downloadBytes: 20, installedBytes: 3 * 1000 + 500 - 3 * 100 });
  expect(wishes.map((wish) => packageOf(wish, effect)?.name)).toEqual(['vim', 'htop', 'nano', 'firefox']);
});

test('without a layer everything of one’s own goes, and a size that isn’t known makes the sum unknown', () => {
  expect(effectOf(now, {}, [remove])).toMatchObject({
    gone: [{ name: 'helper' }, { name: 'htop' }, { name: 'tool' }],
    back: [{ name: 'firefox' }],
  });
  const layer = { added: [coming('vim-9-1.x86_64', [], undefined)], replaced: [], inactive: [], setAside: [] };
  expect(
    effectOf(now, { layer: { ...layer, added: layer.added.map(({ downloadBytes: _, ...rest }) => rest) } }, [add]).downloadBytes,
  ).toBeUndefined();
});

test.each([
  [0, 1, 1],
  [1, 1, 3],
  [3, -1, 1],
  [1, -1, 1],
  [4, -5, 1],
  [1, 5, 4],
])('from row %i a step of %i leads past headings to %i', (from, step, to) => {
  expect(stepOver([0, 2], 5, from, step)).toBe(to);
});

test('a package of the base becomes another version by an override, and its own again by the reset', () => {
  const replace: Wish = { kind: 'replace', spec: 'repo=main,bash', name: 'bash' };
  const restore: Wish = { kind: 'restore', spec: 'podman', name: 'podman' };
  expect(changeOf([replace, restore])).toEqual({ overrideReplacePackages: ['repo=main,bash'], overrideResetPackages: ['podman'] });
  const kept = ['helper-1-1.noarch', 'htop-3-1.x86_64', 'tool-1-1.x86_64'].map((nevra) => coming(nevra));
  const layer = {
    added: [...kept, coming('bash-6-1.x86_64')],
    replaced: [{ before: 'bash-5-1.x86_64', after: 'bash-6-1.x86_64' }, { before: 'firefox-1-1.x86_64' }],
    inactive: [],
    setAside: [],
  };
  const effect = effectOf(now, { layer }, [replace, restore]);
  expect(effect.changed.map(({ from, to }) => `${from.name} ${from.version} ${to.version}`)).toEqual(['bash 5 6', 'podman 5 4']);
  expect([effect.added, effect.gone, effect.leftOut, effect.back]).toEqual([[], [], [], []]);
  expect([replace, restore].map((wish) => packageOf(wish, effect)?.version)).toEqual(['6', '4']);
  // how large the base's package is isn't known here
  expect(effect.installedBytes).toBeUndefined();
});

test('what one package of the base becomes is chosen once', () => {
  const wish = (kind: Wish['kind'], spec: string): Wish => ({ kind, spec, name: 'bash' });
  toggleWish(wish('leaveOut', 'bash'));
  toggleWish(wish('replace', 'repo=main,bash'));
  toggleWish(wish('replace', 'repo=other,bash'));
  toggleWish({ kind: 'add', spec: 'vim', name: 'vim' });
  expect(usePlan.getState().wishes.map(({ spec }) => spec)).toEqual(['repo=other,bash', 'vim']);
  clearWishes();
});
