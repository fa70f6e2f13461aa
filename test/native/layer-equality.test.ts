// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes of packages on top of a base is what composing them with the base gives; judged by ostree and rpm.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nevrasOf } from '../../main/engine/layering/layer.ts';
import { verifyTree } from '../fixtures/verify-tree.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { contentOf, LayerFixture, type Made } from './layer-fixture.ts';
import { basePackages, layeredNames, layeredPackages } from './layer-packages.ts';

const ref = 'test/x86_64/equality';
let f: ComposeFixture;
let system: LayerFixture;
let made: Made;

const treefile = (names: readonly string[], more = ''): string =>
  f.treefile(
    `ref: ${ref}\npackages: [${names.join(', ')}]\ncontainer: false\nselinux: true\nselinux-label-version: 1\netc-group-members: [wheel]\n${more}`,
  );
const baseNames = basePackages.map(({ name }) => name);

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(...basePackages, ...layeredPackages);
  const { checksum } = await f.compose(treefile(baseNames));
  // whose users have their ids already
  await f.compose(treefile([...baseNames, ...layeredNames]));
  system = new LayerFixture(f, checksum);
  made = await system.layer([...layeredNames]);
});
afterAll(() => f.dispose());

/** The databases hold times, and what names the set of packages says which of them were composed. */
const differs = /^\/usr\/(share\/rpm|lib\/sysimage\/rpm-ostree-base-db)\/|^\/usr\/share\/rpm-ostree\/treefile\.json$/;
const compared = (repo: string, revision: string): Record<string, string> =>
  Object.fromEntries([...contentOf(repo, revision)].filter(([name]) => !differs.test(name)).sort());

test(`layering ${layeredPackages.length} packages gives what composing them with the base gives, file by file`, () => {
  expect(layeredPackages.length).toBeGreaterThan(20);
  expect(made.added).toHaveLength(layeredPackages.length);
  const layered = compared(system.repo, made.checksum);
  expect(Object.keys(layered).length).toBeGreaterThan(200);
  expect(layered).toEqual(compared(f.repo, ref));
  system.ostree('fsck', '--quiet');
});

test('what scripts and triggers say of themselves is there: none was left out in both', () => {
  const names = system.ostree('ls', made.checksum, '/usr/share/log').matchAll(/log\/(\S+)$/gm);
  const logs = Object.fromEntries(
    [...names].map(([, name = '']) => [name, system.ostree('cat', made.checksum, `/usr/share/log/${name}`).trim().split('\n')]),
  );
  const heard = ['/usr/share/heard/one', '/usr/share/heard/two'];
  expect(logs).toEqual({
    'base-hears': heard,
    'base-hears-all': heard,
    'base-triggered': ['in 1 1'],
    'cycle-a': ['a', 'b'],
    'cycle-b': ['a', 'b'],
    'hearer-all': [...heard, ...['all', 'closed', 'empty', 'file'].map((name) => `/usr/share/plain/${name}`), '/usr/share/real'],
    'hearer-base': ['1 1'],
    'hearer-files': ['/etc/base.conf', ...heard],
    lua: ['pre 2 1', 'post 4.0'],
    scripts: ['pre 1:1', 'post 1:1', 'posttrans 1:1'],
    useradd: ['added addedgroup'],
    'uses-state': ['drwxr-x---'],
  });
});

/** Links of an OSTree system in the place of packages' directories, files that the boot loader gets, and one whose owner nobody knows. */
const elsewhere = /^\/(var\/lib\/alternatives|usr\/lib\/sysimage\/rpm|boot\/.*|usr\/share\/unknown-owner)$/;

test('once it is started, rpm finds every file as its package says, whatever its name (field reports 2 and 3), and lists what was asked for', () => {
  const { packages, differences } = verifyTree(system.repo, made.checksum, path.join(f.directory, 'verify'));
  expect(packages).toBe(baseNames.length + layeredPackages.length);
  expect(differences.filter(({ why, file }) => why === undefined && !elsewhere.test(file))).toEqual([]);
  const root = path.join(f.directory, 'listed');
  system.ostree('checkout', '--subpath=/usr/share/rpm', '-U', made.checksum, root);
  const listed = execFileSync('rpm', ['--dbpath', root, '-qa', '--qf', '%{name}-%|epoch?{%{epoch}:}|%{version}-%{release}.%{arch}\n'], {
    encoding: 'utf8',
  });
  expect(listed.trim().split('\n')).toEqual(expect.arrayContaining(nevrasOf(made)));
});

test('and so it does on bases that give packages other places', async () => {
  const places = ['places', 'state-of-machine', 'links'];
  for (const lines of ['opt-usrlocal: root\ntmp-is-dir: true', 'opt-usrlocal: state-overlay']) {
    const base = await f.compose(treefile(baseNames, lines));
    await f.compose(treefile([...baseNames, ...places], lines));
    system.ostree('pull-local', f.repo, base.checksum);
    const { checksum } = await system.layer(places, { onto: base.checksum });
    expect(compared(system.repo, checksum), lines).toEqual(compared(f.repo, ref));
  }
});
