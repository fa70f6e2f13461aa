// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nevrasOf } from '../../main/engine/layering/layer.ts';
import { createRepo, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { contentOf, LayerFixture } from './layer-fixture.ts';

const ref = 'test/x86_64/layer';
const log = '/usr/share/log/lines';
const say = (text: string): string => `echo "${text}" >> ${log}`;

const basePackages: RpmSource[] = [
  {
    name: 'base',
    tags: ['Requires: testshell'],
    files: {
      '/usr/share/log': { dir: true },
      [log]: { content: '', directive: '%ghost' },
      '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
      '/etc/group': 'root:x:0:\n',
      '/etc/base.conf': 'base\n',
      '/var/lib/base': { dir: true },
      '/usr/lib/sysusers.d/base.conf': 'u baseuser - "Base" /var/lib/base\n',
    },
    scripts: {
      'transfiletriggerin -- /usr/share/heard': `while read name; do ${say('base-hears $name')}; done`,
      'triggerin -- heard': say('base-triggerin'),
    },
  },
];
const layered: RpmSource[] = [
  { name: 'plain', files: { '/usr/share/plain/file': 'plain', '/etc/plain.conf': 'conf', '/usr/share/plain/link': { symlink: 'file' } } },
  {
    name: 'heard',
    tags: ['Requires: plain'],
    files: { '/usr/share/heard/one': '1' },
    scripts: { pre: say('heard-pre'), post: say('heard-post $1'), posttrans: say('heard-posttrans') },
  },
  {
    name: 'owner',
    files: {
      '/usr/lib/sysusers.d/owner.conf': 'u owneruser - "Owner" /var/lib/owner\ng ownergroup\n',
      '/usr/share/owner/file': { content: 'o', mode: '0640', user: 'owneruser', group: 'ownergroup' },
      '/var/lib/owner': { dir: true, mode: '0750', user: 'owneruser', group: 'ownergroup' },
    },
  },
  { name: 'fights', files: { '/etc/base.conf': 'other\n' } },
  { name: 'fails', scripts: { post: 'echo no luck; exit 3' } },
];

let f: ComposeFixture;
let system: LayerFixture;
let base: string;
beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), ...basePackages, ...layered);
  base = (await f.compose(f.treefile(`ref: ${ref}\npackages: [filesystem, base]\n`))).checksum;
  system = new LayerFixture(f, base);
});
afterAll(() => f.dispose());

const layer: LayerFixture['layer'] = (packages, options) => system.layer(packages, options);
const cat = (commit: string, file: string): string => system.ostree('cat', commit, file);

test('the database holds both, and rpm finds every file of the new packages as it says', async () => {
  const { checksum: commit } = await layer(['heard', 'owner']);
  const root = path.join(f.directory, 'checkout');
  system.ostree('checkout', '--force-copy', commit, root);
  const db = (...args: string[]): string =>
    execFileSync('rpm', ['--root', root, '--dbpath', '/usr/share/rpm', ...args], { encoding: 'utf8' });
  expect(db('-qa', '--qf', '%{name}\n').trim().split('\n').sort()).toEqual(['base', 'filesystem', 'heard', 'owner', 'plain', 'testshell']);
  expect(readdirSync(path.join(root, 'usr/lib/sysimage/rpm-ostree-base-db'))).toEqual(['rpmdb.sqlite']);
  // as the booted system shows it
  execFileSync('sh', ['-ec', 'mv usr/etc etc; for f in passwd group; do cat usr/lib/$f >> etc/$f; done'], { cwd: root });
  const verify = ['--root', root, '--dbpath', '/usr/share/rpm', '-Va', '--nodeps', '--noscripts', '--nomtime'];
  const { stdout } = spawnSync('rpm', verify, { encoding: 'utf8' });
  // people are added to the one, and systemd-tmpfiles makes the other at the start
  expect(stdout.split('\n').filter((line) => !/^$| \/etc\/(passwd|group)$| \/var\//.test(line))).toEqual([]);
});

test('an id that the machine gave away isn’t given again, and its users stay its own', async () => {
  const taken = Array.from({ length: 4 }, (_, i) => `local${i}:x:${999 - i}:${999 - i}::/home/local${i}:/bin/sh\n`).join('');
  const { checksum: commit } = await layer(['owner'], { users: { passwd: taken, group: '' } });
  const passwd = `${cat(commit, '/usr/etc/passwd')}${cat(commit, '/usr/lib/passwd')}`;
  expect(passwd).toMatch(/^baseuser:x:999:/m);
  expect(passwd).not.toContain('local');
  const id = /^owneruser:x:(\d+):/m.exec(passwd)?.[1];
  expect(Number(id)).toBeLessThan(996);
});

test.each([
  ['fights', 'package.file-conflict', { first: 'base-1-1.noarch', second: 'fights-1-1.noarch' }],
  ['fails', 'compose.script-failed', { package: 'fails-1-1.noarch', status: 3 }],
])('%s: the error names the package', async (name, code, facts) => {
  await expect(layer([name])).rejects.toMatchObject({ code, report: { facts } });
});

test('what the base has needs no layer', async () => {
  expect(await layer(['base', '/etc/base.conf'])).toMatchObject({
    checksum: base,
    added: [],
    inactive: [
      { spec: 'base', by: 'base-1-1.noarch' },
      { spec: '/etc/base.conf', by: 'base-1-1.noarch' },
    ],
  });
});

test('the commit says what rpm-ostree says of its layers', async () => {
  const made = await layer(['heard', 'base']);
  const { checksum, inactive } = made;
  expect(nevrasOf(made)).toEqual(['heard-1-1.noarch', 'plain-1-1.noarch']);
  expect(inactive).toEqual([{ spec: 'base', by: 'base-1-1.noarch' }]);
  const show = (key: string): string => system.ostree('show', '--no-byteswap', `--print-metadata-key=${key}`, checksum).trim();
  expect(show('rpmostree.clientlayer')).toBe('true');
  expect(show('rpmostree.clientlayer_version')).toBe('uint32 6');
  expect(show('rpmostree.packages')).toBe("['heard']");
  expect(show('rpmostree.rpmdb.pkglist')).toContain("('plain', '0', '1', '1', 'noarch')");
  expect(system.ostree('rev-parse', `${checksum}^`).trim()).toBe(base);
});

test('what would replace a package of the base is refused with both names', async () => {
  const more = path.join(f.directory, 'more');
  makeRpms(more, [
    { name: 'base', version: '2' },
    { name: 'newer', tags: ['Requires: base >= 2'] },
  ]);
  createRepo(more);
  await expect(layer(['newer'], { more: [more] })).rejects.toMatchObject({
    code: 'layer.base-would-change',
    report: {
      subject: 'newer',
      detail: 'base-2-1.noarch would replace base-1-1.noarch',
      facts: { installed: 'base-1-1.noarch', by: 'base-2-1.noarch' },
    },
  });
});

/** The base, changed by a shell command that runs in its tree. */
function changed(command: string): string {
  const tree = path.join(f.directory, 'changed');
  rmSync(tree, { recursive: true, force: true });
  system.ostree('checkout', '--force-copy', base, tree);
  execFileSync('sh', ['-ec', command], { cwd: tree });
  return system.ostree('commit', '--orphan', `--tree=dir=${tree}`).trim();
}

test.each(['../lib/sysimage/rpm', '/usr/lib/sysimage/rpm'])(
  'a base may have its database elsewhere, and the link %s in its place',
  async (target) => {
    const onto = changed(
      `mkdir -p usr/lib/sysimage; rm -rf usr/lib/sysimage/rpm; mv usr/share/rpm usr/lib/sysimage/rpm; ln -s ${target} usr/share/rpm`,
    );
    const made = await layer(['plain'], { onto });
    expect(nevrasOf(made)).toEqual(['plain-1-1.noarch']);
    expect(contentOf(system.repo, made.checksum).get('/usr/share/rpm')).toContain(` -> ${target}`);
    const database = path.join(f.directory, 'elsewhere');
    rmSync(database, { recursive: true, force: true });
    system.ostree('checkout', '--subpath=/usr/lib/sysimage/rpm', '-U', made.checksum, database);
    const names = execFileSync('rpm', ['--dbpath', database, '-qa', '--qf', '%{name} '], { encoding: 'utf8' });
    expect(names.trim().split(' ').sort()).toEqual(['base', 'filesystem', 'plain', 'testshell']);
  },
);

test('on a base without a database nothing is guessed', async () => {
  await expect(layer(['plain'], { onto: changed('rm -rf usr/share/rpm usr/lib/sysimage/rpm') })).rejects.toMatchObject({
    report: { code: 'rpmdb.unreadable', detail: 'it holds no RPM database' },
  });
});
