// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatNevra } from '../../shared/domain/index.ts';
import { buildLayerTree } from '../../main/engine/layering/layer-tree.ts';
import type { ResolvedPackage } from '../../main/engine/base/ports/resolver.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { interpreterNeeds } from '../../main/native/inside/needs.ts';
import { system } from '../../main/native/linux/index.ts';
import { OstreeLayerStore } from '../../main/native/ostree/layer-store.ts';
import { rpm } from '../../main/native/rpm/index.ts';
import type { RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { bundles, ComposeFixture, parseListing } from './compose-fixture.ts';

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
const others = ['fights', 'fails'];
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
  {
    name: 'places',
    files: {
      '/opt/places/bin/run': { content: 'x', mode: '0755' },
      '/usr/local/share/places': 'l',
      '/var/log/places.log': '',
      '/srv/places': { dir: true },
    },
  },
  { name: 'fights', files: { '/etc/base.conf': 'other\n' } },
  { name: 'fails', scripts: { post: 'echo no luck; exit 3' } },
  { name: 'capable', files: { '/usr/bin/capable': { content: 'c', mode: '0755', caps: 'cap_net_raw=p' } } },
  {
    name: 'listener',
    scripts: { 'transfiletriggerin -- /etc': `while read name; do case $name in /etc/*.conf) ${say('listener-hears $name')};; esac; done` },
  },
];

const fitting = layered.map((p) => p.name).filter((name) => !others.includes(name));

let f: ComposeFixture;
let repo: string;
let base: string;
beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), ...basePackages, ...layered);
  const treefile = (names: string[]): string => f.treefile(`ref: ${ref}\npackages: [filesystem, ${names.join(', ')}]\n`);
  base = (await f.compose(treefile(['base']))).checksum;
  await f.compose(treefile(['base', ...fitting]));
  repo = path.join(f.directory, 'system');
  execFileSync('ostree', [`--repo=${repo}`, 'init', '--mode=bare']);
  execFileSync('ostree', [`--repo=${repo}`, 'pull-local', f.repo, base]);
});
afterAll(() => f.dispose());

async function layer(
  names: string[],
  users = { passwd: '', group: '' },
): Promise<{ commit: string; messages: string[]; listing: Map<string, string> }> {
  const { worker } = await bundles();
  using store = new OstreeLayerStore(repo);
  const workdir = mkdtempSync(path.join(repo, 'tmp/layer-'));
  const installed = path.join(workdir, 'base');
  mkdirSync(installed);
  store.checkout(base, installed);
  using resolution = resolve({
    ...{ cachedir: path.join(f.directory, 'layer-cache'), releasever: '1', excludes: [], recommends: true, packages: names },
    repos: [
      {
        id: 'test',
        name: 'test',
        baseurl: [`file://${f.packages}`],
        enabled: true,
        gpgcheck: false,
        gpgkey: [],
        excludes: [],
        other: {},
        file: 't',
        line: 1,
      },
    ],
    base: { root: installed, dbPath: '/usr/share/rpm' },
  });
  const packages: readonly ResolvedPackage[] = resolution.packages;
  store.importPackages(
    packages.map((pkg) => ({ pkg, verifiedWith: '', ima: false })),
    (file) => rpm.readPackage(file),
    () => undefined,
  );
  const messages: string[] = [];
  const root = buildLayerTree({
    ports: { rpm, system, interpreter: (place, scratch) => interpreterNeeds(worker, place, scratch) },
    cache: store,
    workdir,
    base,
    packages: packages.map((pkg) => rpm.readPackage(pkg.path)),
    commits: new Map(packages.map((pkg) => [formatNevra(pkg), store.lookup(pkg)?.commit ?? ''])),
    users,
    timeSeconds: 1_700_000_000,
    message: (text) => messages.push(text),
    report: () => undefined,
  });
  const commit = store.writeLayer({ base, metadata: new Map(), root: store.writeDirectory(root), timeSeconds: 1_700_000_000 });
  rmSync(workdir, { recursive: true });
  const listing = parseListing(execFileSync('ostree', [`--repo=${repo}`, 'ls', '-R', commit], { encoding: 'utf8' }));
  return { commit, messages, listing };
}

/** The database and what names the set of packages differ. */
const same = ([name]: [string, string]): boolean => !/^\/usr\/share\/rpm(\/|$)|rpm-ostree-base-db|treefile\.json/.test(name);
const entries = (listing: Map<string, string>): Record<string, string> => Object.fromEntries([...listing].filter(same).sort());
const cat = (commit: string, file: string): string => execFileSync('ostree', [`--repo=${repo}`, 'cat', commit, file], { encoding: 'utf8' });

/** File -> object, which is content, owner, mode and attributes. */
const objects = (at: string, revision: string): Record<string, string> =>
  Object.fromEntries(
    execFileSync('ostree', [`--repo=${at}`, 'ls', '-R', '-C', revision], { encoding: 'utf8' })
      .split('\n')
      .flatMap((line): [string, string][] => {
        const [, checksum, name] = /^[-l]\S+\s+\d+\s+\d+\s+\d+\s+(\S+)\s+(\/.*?)(?: -> .*)?$/.exec(line) ?? [];
        return checksum !== undefined && name !== undefined && same([name, '']) ? [[name, checksum]] : [];
      })
      .sort(),
  );

test('layering packages gives what composing them with the base gives, file by file', async () => {
  const { commit, listing } = await layer(fitting);
  expect(entries(listing)).toEqual(entries(f.list(ref)));
  const found = objects(repo, commit);
  expect(Object.keys(found).length).toBeGreaterThan(40);
  expect(found).toEqual(objects(f.repo, ref));
  execFileSync('ostree', [`--repo=${repo}`, 'fsck', '--quiet']);
});

test('the database holds both, and rpm finds every file of the new packages as it says', async () => {
  const { commit } = await layer(['heard', 'owner']);
  const root = path.join(f.directory, 'checkout');
  execFileSync('ostree', [`--repo=${repo}`, 'checkout', '--force-copy', commit, root]);
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
  const { commit } = await layer(['owner'], { passwd: taken, group: '' });
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
