// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { keepLayers } from '../../main/engine/host/sysroot/layer-refs.ts';

type Sysroot = Parameters<typeof keepLayers>[0];
interface Layer {
  readonly base: string;
  /** Names of packages with what the base has; undefined: its commit doesn't say. */
  readonly packages?: readonly string[];
}

const row = (name: string): string[] => [name, '0', '1', '1', 'noarch'];
const nevra = (name: string): string => `${name}-1-1.noarch`;

/** A sysroot of deployed layers, and refs; after each change of a ref `seen` is told which checksums refs name. */
function sysroot(
  layers: readonly Layer[],
  refs: Record<string, string>,
  seen: (named: readonly string[]) => void = () => undefined,
): Sysroot {
  const commits = new Map<string, { parent: string; values: Record<string, unknown> }>();
  layers.forEach(({ base, packages }, i) => {
    commits.set(base, { parent: '', values: { 'rpmostree.rpmdb.pkglist': [row('base')] } });
    const told = packages ? { 'rpmostree.rpmdb.pkglist': ['base', ...packages].map(row) } : {};
    commits.set(`layer${i}`, { parent: base, values: { 'rpmostree.clientlayer': true, ...told } });
  });
  for (const [ref, checksum] of Object.entries(refs))
    if (ref.startsWith('rpmostree/pkg/')) commits.set(checksum, { parent: '', values: { 'rpmostree.nevra': [nevra(checksum)] } });
  const repo = {
    tryLoadCommit(checksum: string): unknown {
      const commit = commits.get(checksum);
      return commit && { checksum, parent: commit.parent, value: (key: string) => commit.values[key] };
    },
    tryResolveRev: (ref: string) => refs[ref],
    listRefs: (prefix: string) => new Map(Object.entries(refs).filter(([ref]) => ref.startsWith(`${prefix}/`))),
    setRef(ref: string, checksum: string | null): void {
      if (checksum === null) Reflect.deleteProperty(refs, ref);
      else refs[ref] = checksum;
      seen(Object.values(refs));
    },
  };
  const deployments = (): unknown => layers.map((_, i) => ({ checksum: `layer${i}` }));
  return { repo, deployments } as unknown as Sysroot;
}

test('no base of a deployed layer is without a ref for a moment, however their order changed', () => {
  const refs = { 'rpmostree/base/0': 'old', 'rpmostree/base/1': 'b', 'rpmostree/base/tmp': 'c' };
  const named: (readonly string[])[] = [];
  expect(keepLayers(sysroot([{ base: 'c' }, { base: 'b' }], refs, (now) => named.push(now)))).toBe(true);
  expect(named.length).toBeGreaterThan(0);
  for (const now of named) expect(now).toEqual(expect.arrayContaining(['b', 'c']));
  expect(refs).toEqual({ 'rpmostree/base/0': 'c', 'rpmostree/base/1': 'b' });
  named.length = 0;
  keepLayers(sysroot([{ base: 'b' }, { base: 'd' }, { base: 'c' }], { ...refs, 'rpmostree/base/tmp': 'd' }, (now) => named.push(now)));
  for (const now of named) expect(now).toEqual(expect.arrayContaining(['b', 'c', 'd']));
});

test('two refs of one base become one, and nothing is changed where all is well', () => {
  const refs = { 'rpmostree/base/0': 'b', 'rpmostree/base/3': 'b' };
  expect(keepLayers(sysroot([{ base: 'b' }, { base: 'b' }], refs))).toBe(true);
  expect(refs).toEqual({ 'rpmostree/base/0': 'b' });
  expect(keepLayers(sysroot([{ base: 'b' }], refs, () => expect.unreachable()))).toBe(false);
});

test('packages that no deployment has lose their refs', () => {
  const refs = { 'rpmostree/base/0': 'b', 'rpmostree/pkg/vim/1': 'vim', 'rpmostree/pkg/nano/1': 'nano' };
  expect(keepLayers(sysroot([{ base: 'b', packages: ['vim'] }], refs))).toBe(true);
  expect(Object.keys(refs)).toEqual(['rpmostree/base/0', 'rpmostree/pkg/vim/1']);
});

test('a layer that doesn’t say what is in it may have all of them', () => {
  const refs = { 'rpmostree/base/0': 'b', 'rpmostree/pkg/vim/1': 'vim' };
  expect(keepLayers(sysroot([{ base: 'b' }], refs))).toBe(false);
  expect(Object.keys(refs)).toContain('rpmostree/pkg/vim/1');
});

test('what was downloaded for later keeps its packages, too', () => {
  const refs = { 'rpmostree/base/0': 'b', 'rpmostree/pkg/vim/1': 'vim', 'treeline/downloaded/testos': 'b' };
  keepLayers(sysroot([{ base: 'b', packages: ['nano'] }], refs));
  expect(Object.keys(refs)).toContain('rpmostree/pkg/vim/1');
});
