// SPDX-License-Identifier: LGPL-2.1-or-later
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineArch } from '../../main/engine/base/names/machine-arch.ts';
import { modifyPackageRepo, packageRepos, type PackageReposRequest } from '../../main/engine/host/package-repos/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(path.join(tmpdir(), 'treeline-repos-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, text: string): string {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const repos = (more: Partial<PackageReposRequest> = {}) => packageRepos({ root, ...more });
const ids = (more: Partial<PackageReposRequest> = {}): string[] => repos(more).repos.map(({ id }) => id);

function failure(run: () => unknown): ErrorReport {
  try {
    run();
  } catch (error) {
    return TreelineError.report(error);
  }
  throw new Error('nothing was refused');
}

test('a system without any repository has none', () => {
  expect(repos()).toEqual({ repos: [], releasever: '' });
});

test('sections of /etc/yum.repos.d, with what they inherit and the values of variables', () => {
  put('usr/lib/os-release', 'ID=x\nVERSION_ID="43.20"\n');
  put('etc/dnf/dnf.conf', '[main]\ninstallonly_limit=3\ntimeout=7\nexcludepkgs=bad*\ngpgcheck=0\n[other]\nproxy=http://no\n');
  put('etc/dnf/vars/stream', 'nine\nsecond line\n');
  put('etc/yum/vars/stream', 'old\n');
  put('etc/yum/vars/old', 'o');
  const key = put('etc/pki/rpm-gpg/KEY', 'k');
  put(
    'etc/yum.repos.d/b.repo',
    '[b]\nname=B $stream\nbaseurl=http://x/$releasever/${basearch}/$releasever_major/$old/$unknown\ngpgkey=file:///etc/pki/rpm-gpg/KEY\nexcludepkgs=own\ntimeout=9\ngpgcheck=1\n',
  );
  put(
    'etc/yum.repos.d/a.repo',
    '[main]\nenabled=1\n[a]\nmetalink=http://m/$releasever_minor\n[b]\nbaseurl=http://second/$constructor\nenabled=0\n',
  );
  put('etc/yum.repos.d/not-one.conf', '[c]\nbaseurl=http://c\n');
  const found = repos({ enable: ['b'] });
  expect(found.releasever).toBe('43.20');
  expect(found.repos.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(found.repos[0]).toMatchObject({ gpgcheck: false, excludes: ['bad*'], metalink: 'http://m/20', other: { timeout: '7' } });
  // of an id that stands twice, the first
  expect(found.repos[1]).toMatchObject({ baseurl: ['http://second/$constructor'], enabled: true });
  rmSync(path.join(root, 'etc/yum.repos.d/a.repo'));
  expect(repos().repos).toEqual([
    expect.objectContaining({
      ...{ id: 'b', name: 'B nine', baseurl: [`http://x/43.20/${machineArch}/43/o/$unknown`], gpgkey: [key], gpgcheck: true },
      ...{ excludes: ['own', 'bad*'], other: { timeout: '9' }, file: '/etc/yum.repos.d/b.repo', line: 1 },
    }),
  ]);
  expect(repos({ releasever: '44' }).repos[0]?.baseurl[0]).toContain('/44/');
});

test('packages are checked unless somebody says otherwise', () => {
  put('etc/yum.repos.d/a.repo', '[a]\nbaseurl=http://a\n');
  expect(repos().repos[0]).toMatchObject({ gpgcheck: true });
});

test('the version is that of the base; where it has none, that of its package system-release', () => {
  put('usr/lib/os-release', 'VERSION_ID=1\n');
  put('next/usr/lib/os-release', 'VERSION_ID=2\n');
  put('rolling/usr/lib/os-release', 'ID=r\n');
  expect(repos().releasever).toBe('1');
  expect(repos({ base: path.join(root, 'next') }).releasever).toBe('2');
  expect(repos({ base: path.join(root, 'rolling'), systemRelease: () => '7' }).releasever).toBe('7');
  expect(repos({ base: path.join(root, 'rolling') }).releasever).toBe('');
});

test('repositories are switched on and off for once, by id or glob', () => {
  put('etc/yum.repos.d/x.repo', '[a]\nbaseurl=http://a\n[a-debug]\nenabled=no\nbaseurl=http://d\n[b.c]\nenabled=1\nbaseurl=http://b\n');
  expect(ids()).toEqual(['a', 'b.c']);
  expect(ids({ disable: ['*'], enable: ['a-*'] })).toEqual(['a-debug']);
  expect(ids({ disable: ['b.c'] })).toEqual(['a']);
  expect(ids({ enable: ['[!b]-d?bug'] })).toEqual(['a', 'a-debug', 'b.c']);
  for (const choice of [{ enable: ['bxc'] }, { disable: ['a-debgu'] }, { enable: ['['] }, { enable: ['(a)'] }])
    expect(failure(() => repos(choice))).toMatchObject({ code: 'rpmmd.repo-not-found', subject: Object.values(choice)[0]?.[0] });
  expect(failure(() => repos({ enable: ['a-debgu'] })).facts?.['hint']).toContain('a-debug');
});

test('what a file says wrong is told with file, line and key, when it is asked for', () => {
  const file = '/etc/yum.repos.d/x.repo';
  put('etc/yum.repos.d/x.repo', '[a]\nbaseurl=http://a\n\n[b]\nenabled=0\nbaseurl=http://b\ngpgcheck=perhaps\n[e/vil]\nenabled=0\n');
  expect(ids()).toEqual(['a']);
  expect(failure(() => repos({ enable: ['b'] }))).toMatchObject({ code: 'repo-file.invalid-value', file, line: 7, key: 'b.gpgcheck' });
  expect(failure(() => repos({ enable: ['e*'] }))).toMatchObject({ code: 'repo-file.invalid-value', file, line: 8, key: 'e/vil' });
  put('etc/dnf/dnf.conf', '[main]\nrepo_gpgcheck=1\n');
  expect(failure(repos)).toMatchObject({ code: 'not-supported', file: '/etc/dnf/dnf.conf', line: 2, key: 'a.repo_gpgcheck' });
});

test.each([
  ['[a]\nbaseurl=http://a\0\n', { code: 'repo-file.syntax', line: 2 }],
  ['[a]\nno option\n', { code: 'repo-file.syntax', line: 2 }],
  [`[a]\n${'#'.repeat(17 << 20)}`, { code: 'file.unreadable' }],
])('a file that isn’t one: %#', (text, report) => {
  put('etc/yum.repos.d/a.repo', '[good]\nbaseurl=http://a\n');
  put('etc/yum.repos.d/bad.repo', text);
  const found = failure(repos);
  expect(found).toMatchObject(report);
  expect(JSON.stringify(found)).toContain('/etc/yum.repos.d/bad.repo');
});

test('links lead to files of the system only', () => {
  const outside = mkdtempSync(path.join(tmpdir(), 'treeline-outside-'));
  try {
    const secret = path.join(outside, 'secret.repo');
    writeFileSync(secret, '[secret]\nbaseurl=http://secret\n');
    put('etc/own.repo', '[own]\nbaseurl=http://own\n');
    put('usr/etc/own.repo', '[default]\nbaseurl=http://default\n');
    put('etc/yum.repos.d/x.repo', '[x]\nbaseurl=http://x\ngpgkey=file:///etc/pki/out /etc/pki/in http://keys/one\n');
    // as programs of the running system follow it
    symlinkSync('/etc/own.repo', path.join(root, 'etc/yum.repos.d/own.repo'));
    expect(ids()).toEqual(['own', 'x']);
    mkdirSync(path.join(root, 'etc/pki'));
    symlinkSync(secret, path.join(root, 'etc/pki/out'));
    const key = put('etc/pki/real', 'k');
    symlinkSync('real', path.join(root, 'etc/pki/in'));
    expect(repos().repos[1]).toMatchObject({ gpgkey: [key], absentKeys: ['file:///etc/pki/out', 'http://keys/one'] });
    symlinkSync(secret, path.join(root, 'etc/yum.repos.d/out.repo'));
    expect(failure(repos)).toMatchObject({ code: 'file.unreadable', subject: '/etc/yum.repos.d/out.repo' });
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test('a key that somebody imported for a repository is one of its keys, and of no other’s', () => {
  put('etc/yum.repos.d/x.repo', '[x]\nbaseurl=http://x\ngpgkey=https://keys/one\n[y:1]\nbaseurl=http://y\ngpgkey=https://keys/one\n');
  const key = put('etc/treeline/package-keys/x/ABCD.asc', 'k');
  const [x, y] = repos().repos;
  expect(x).toMatchObject({ gpgkey: [key] });
  expect(y).toMatchObject({ gpgkey: [], absentKeys: ['https://keys/one'] });
});

test.each([
  ['[a]\nbaseurl=x\nenabled=0\n[b]\nenabled=0\n', '[a]\nbaseurl=x\nenabled=1\n[b]\nenabled=0\n'],
  ['[a]\r\nbaseurl=x\r\n\r\n[b]\r\n', '[a]\r\nbaseurl=x\r\nenabled=1\r\n\r\n[b]\r\n'],
  ['[b]\n[a]\nbaseurl=x', '[b]\n[a]\nbaseurl=x\nenabled=1'],
  ['[a]\nbaseurl=x\nenabled = 0\n# why\nenabled=\n  0\nname=n\n', '[a]\nbaseurl=x\nenabled=1\n# why\nname=n\n'],
  ['\uFEFF[a]\nenabled=0\nbaseurl=x\n  enabled=0\n', '\uFEFF[a]\nenabled=1\nbaseurl=x\n  enabled=0\n'],
])('enabling changes one line: %j', (before, after) => {
  put('etc/yum.repos.d/x.repo', before);
  expect(modifyPackageRepo(root, 'a', { enabled: '1' })).toEqual({ changed: true });
  expect(readFileSync(path.join(root, 'etc/yum.repos.d/x.repo'), 'utf8')).toBe(after);
  expect(modifyPackageRepo(root, 'a', { enabled: '1' })).toEqual({ changed: false });
});

test('what is changed is the file that a link leads to, and never one outside', () => {
  const file = put('usr/share/x.repo', '[a]\nbaseurl=x\n');
  mkdirSync(path.join(root, 'etc/yum.repos.d'), { recursive: true });
  symlinkSync('/usr/share/x.repo', path.join(root, 'etc/yum.repos.d/x.repo'));
  expect(modifyPackageRepo(root, 'a', { enabled: '0' })).toEqual({ changed: true });
  expect(readFileSync(file, 'utf8')).toBe('[a]\nbaseurl=x\nenabled=0\n');
  expect(lstatSync(path.join(root, 'etc/yum.repos.d/x.repo')).isSymbolicLink()).toBe(true);
});

test('only enabled is changed, of a repository that there is and that could be used', () => {
  put('etc/yum.repos.d/x.repo', '[a]\nbaseurl=x\n[broken]\nenabled=0\n');
  const refused = (id: string, settings: Record<string, string>): ErrorReport => failure(() => modifyPackageRepo(root, id, settings));
  expect(refused('a', { gpgcheck: '0' })).toMatchObject({ code: 'repo-file.refused-setting', subject: 'a', key: 'gpgcheck' });
  expect(refused('a', { enabled: 'true' })).toMatchObject({ code: 'repo-file.refused-setting', key: 'enabled' });
  expect(refused('aa', { enabled: '1' })).toMatchObject({
    code: 'rpmmd.repo-not-found',
    facts: { hint: expect.stringContaining('“a”') as unknown },
  });
  expect(refused('broken', { enabled: '1' })).toMatchObject({ code: 'repo-file.invalid-value', key: 'broken.baseurl', line: 3 });
});
