// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { deployedPackages, noLayering, parseNevra, type Layering, type PackageDetails } from '../../shared/domain/index.ts';

const list = (...nevras: string[]): PackageDetails[] =>
  nevras.map((nevra) => {
    const pkg = parseNevra(nevra);
    if (!pkg) throw new RangeError(nevra);
    return pkg;
  });
const base = list('bash-5-1.x86_64', 'kernel-6-1.x86_64', 'nano-7-1.x86_64', 'glibc-2-1.x86_64', 'glibc-2-1.i686');
const sum = 'd'.repeat(64);

const parts = (layering: Partial<Layering>, fulfilled: readonly string[], ...tree: string[]): ReturnType<typeof deployedPackages> =>
  deployedPackages(
    {
      id: 'os-x.0',
      origin: { refspec: 'r:b', remote: 'r', ref: 'b', layering: { ...noLayering, ...layering } },
      layer: { base: { checksum: 'e' }, packages: [...fulfilled], modules: [], meta: {} },
    },
    list(...tree),
    base,
  );

test('each package is told by the base, by requests and by overrides', () => {
  const { packages, removed, inactive } = parts(
    { packages: ['htop', 'gone', '/usr/bin/top'], localPackages: [`${sum}:tool-1-1.noarch`, 'other-1-1.noarch'] },
    ['htop', '/usr/bin/top'],
    ...['bash-5-1.x86_64', 'kernel-7-1.x86_64', 'glibc-2-1.x86_64', 'glibc-2-1.i686'],
    ...['htop-3-1.x86_64', 'hwloc-2-1.x86_64', 'tool-1-1.noarch'],
  );
  expect(packages.map(({ name, part, replaces, request }) => [name, part, replaces?.version ?? request])).toEqual([
    ['bash', 'base', undefined],
    ['kernel', 'replaced', '6'],
    ['glibc', 'base', undefined],
    ['glibc', 'base', undefined],
    ['htop', 'layered', 'htop'],
    ['hwloc', 'layered', undefined],
    ['tool', 'local', 'tool-1-1.noarch'],
  ]);
  expect(removed.map(({ name }) => name)).toEqual(['nano']);
  expect(inactive).toEqual(['gone', 'other-1-1.noarch']);
});

test('one architecture of a package that is left out is left out, whatever the other one is', () => {
  const { removed } = parts({}, [], 'bash-5-1.x86_64', 'kernel-6-1.x86_64', 'nano-7-1.x86_64', 'glibc-2-1.x86_64');
  expect(removed.map(({ name, arch }) => `${name}.${arch}`)).toEqual(['glibc.i686']);
});

test.each(['htop', 'htop.x86_64', 'htop-3', 'htop-3-1', 'htop-3-1.x86_64'])('a package is asked for as %s', (request) => {
  expect(parts({ packages: [request] }, [request], 'htop-3-1.x86_64').packages[0]).toMatchObject({ part: 'layered', request });
});
