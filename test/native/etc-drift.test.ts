// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restoreEtc } from '../../main/engine/host/review/index.ts';
import { copySubpath } from '../../main/native/ostree/checkout.ts';
import { Sysroot } from '../../main/native/ostree/index.ts';
import type { EtcDrift, EtcOwnFile, EtcRestored } from '../../shared/domain/index.ts';
import { EtcFixture, listTree } from './etc-fixture.ts';
import { job, sh } from './sysroot-fixture.ts';

let fixture: EtcFixture;
let etc: string;
let outside: string;
beforeEach(() => {
  fixture = new EtcFixture();
  const { vendor } = fixture;
  for (const dir of ['ssh', 'closed', 'tree/deep', 'was-dir']) mkdirSync(path.join(vendor, dir), { recursive: true });
  chmodSync(path.join(vendor, 'closed'), 0o700);
  for (const name of ['plain', 'ssh/config', 'closed/secret', 'tree/deep/file', 'was-dir/in', 'was-file', 'passwd', 'fstab', 'same'])
    writeFileSync(path.join(vendor, name), `default of ${name}\n`);
  chmodSync(path.join(vendor, 'ssh/config'), 0o640);
  symlinkSync('plain', path.join(vendor, 'link'));
  const v1 = fixture.commit('1');
  fixture.install(v1, `file://${fixture.server}`);
  etc = path.join(fixture.deployment(v1), 'etc');
  outside = path.join(fixture.dir, 'outside');
  mkdirSync(outside);
});
afterEach(() => fixture[Symbol.dispose]());

const mine = (...names: string[]): string => path.join(etc, ...names);
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname: fixture.osname });
const drift = async (hideClosed = false): Promise<EtcDrift> => (await job('review.etc-drift', { ...os(), hideClosed })).result;
const restore = async (name: string): Promise<EtcRestored> => (await job('review.restore-etc', { ...os(), path: name })).result;
const file = async (name: string, includePrivate = false): Promise<EtcOwnFile> =>
  (await job('review.etc-own-file', { ...os(), path: name, includePrivate })).result;

test('tells exactly what ostree admin config-diff tells, but for directories that are full', async () => {
  writeFileSync(mine('plain'), 'mine\n');
  chmodSync(mine('was-dir'), 0o711);
  rmSync(mine('tree'), { recursive: true });
  mkdirSync(mine('own/deep'), { recursive: true });
  mkdirSync(mine('empty'));
  writeFileSync(mine('own/deep/file'), 'x');
  writeFileSync(mine('fstab'), 'disk\n');
  rmSync(mine('link'));
  symlinkSync('same', mine('link'));
  const { entries } = await drift();
  expect(entries.map(({ kind, path: name, type }) => `${kind} ${name} ${type}`)).toEqual([
    'added empty directory',
    'modified fstab file',
    'modified link symlink',
    'added own/deep/file file',
    'modified plain file',
    'removed tree directory',
    'modified was-dir directory',
  ]);
  expect(entries.filter(({ machinesOwn }) => machinesOwn).map(({ path: name }) => name)).toEqual(['fstab']);
  const said = sh('ostree', 'admin', 'config-diff', `--sysroot=${fixture.sysroot}`, `--os=${fixture.osname}`).trim().split('\n');
  const ours = entries.map(({ kind, path: name }) => `${{ added: 'A', modified: 'M', removed: 'D' }[kind]}    ${name}`);
  expect(said.filter((line) => !/ own(\/deep)?$/.test(line)).sort()).toEqual(ours.sort());
});

test('names in closed directories and text that not everybody may read are for root alone', async () => {
  writeFileSync(mine('closed/secret'), 'password\n');
  writeFileSync(mine('ssh/config'), 'key\n');
  expect(await drift(true)).toMatchObject({ entries: [{ path: 'ssh/config' }], hiddenCount: 1 });
  expect((await drift()).entries.map(({ path: name }) => name)).toEqual(['closed/secret', 'ssh/config']);
  for (const name of ['ssh/config', 'closed/secret'])
    expect(await file(name)).toMatchObject({ base: { noText: 'unreadable' }, yours: { noText: 'unreadable' } });
  expect(await file('ssh/config', true)).toMatchObject({ base: { text: 'default of ssh/config\n' }, yours: { text: 'key\n' } });
});

test('shows the default of the version that starts next beside the two', async () => {
  writeFileSync(mine('plain'), 'mine\n');
  expect(await file('plain')).toEqual({
    path: 'plain',
    base: { exists: true, type: 'file', sizeBytes: 17, mode: 0o644, text: 'default of plain\n' },
    yours: { exists: true, type: 'file', sizeBytes: 5, mode: 0o644, text: 'mine\n' },
  });
  expect(await file('nowhere')).toEqual({ path: 'nowhere', base: { exists: false }, yours: { exists: false } });
  symlinkSync('/etc', mine('way'));
  expect(await file('way/passwd')).toMatchObject({ yours: { exists: false } });
});

test('puts a default back and keeps what was there under a name that is free', async () => {
  const before = listTree(etc);
  writeFileSync(mine('ssh/config'), 'mine\n');
  chmodSync(mine('ssh/config'), 0o600);
  expect(await restore('ssh/config')).toEqual({ changed: true, savedAs: 'ssh/config.rpmsave' });
  writeFileSync(mine('ssh/config'), 'again\n');
  expect(await restore('ssh/config')).toEqual({ changed: true, savedAs: 'ssh/config.2.rpmsave' });
  expect(await restore('ssh/config')).toEqual({ changed: false });
  expect(['ssh/config', 'ssh/config.rpmsave', 'ssh/config.2.rpmsave'].map((name) => readFileSync(mine(name), 'utf8'))).toEqual([
    'default of ssh/config\n',
    'mine\n',
    'again\n',
  ]);
  expect(lstatSync(mine('ssh/config.rpmsave')).mode & 0o777).toBe(0o600);
  // nothing else is left, and the default isn't the repository's own file
  for (const name of ['ssh/config.rpmsave', 'ssh/config.2.rpmsave']) rmSync(mine(name));
  expect(listTree(etc)).toEqual(before);
  expect(lstatSync(mine('ssh/config')).nlink).toBe(1);
});

test('links, directories, and things of another kind come back as they were', async () => {
  const before = listTree(etc);
  rmSync(mine('link'));
  writeFileSync(mine('link'), 'no link\n');
  rmSync(mine('tree'), { recursive: true });
  rmSync(mine('was-dir'), { recursive: true });
  symlinkSync(outside, mine('was-dir'));
  rmSync(mine('was-file'));
  mkdirSync(mine('was-file/in'), { recursive: true });
  chmodSync(mine('ssh'), 0o700);
  expect(await restore('link')).toEqual({ changed: true, savedAs: 'link.rpmsave' });
  expect(await restore('tree')).toEqual({ changed: true });
  expect(await restore('was-dir')).toEqual({ changed: true, savedAs: 'was-dir.rpmsave' });
  expect(await restore('was-file')).toEqual({ changed: true, savedAs: 'was-file.rpmsave' });
  expect(await restore('ssh')).toEqual({ changed: true });
  expect(readlinkSync(mine('was-dir.rpmsave'))).toBe(outside);
  expect(existsSync(mine('was-file.rpmsave/in'))).toBe(true);
  for (const name of ['link', 'was-dir', 'was-file']) rmSync(mine(`${name}.rpmsave`), { recursive: true });
  expect(listTree(etc)).toEqual(before);
});

test('what has no default, and what only this machine knows, is refused by name', async () => {
  writeFileSync(mine('passwd'), 'me:x:1000\n');
  writeFileSync(mine('own'), 'x');
  await expect(restore('passwd')).rejects.toMatchObject({ code: 'etc.machines-own', report: { subject: 'passwd' } });
  await expect(restore('own')).rejects.toMatchObject({ code: 'etc.no-default', report: { subject: 'own' } });
  await expect(restore('../outside')).rejects.toMatchObject({ code: 'review.path-refused' });
  expect(readFileSync(mine('passwd'), 'utf8')).toBe('me:x:1000\n');
});

test('a link on the way leads nowhere, whenever it gets there', async () => {
  mkdirSync(path.join(outside, 'deep'));
  rmSync(mine('tree'), { recursive: true });
  symlinkSync(outside, mine('tree'));
  await expect(restore('tree/deep/file')).rejects.toMatchObject({ code: 'etc.not-restored', report: { subject: 'tree/deep/file' } });
  // between the look and the copying, by somebody who may write to the directory
  writeFileSync(mine('ssh/config'), 'mine\n');
  using sysroot = Sysroot.open(fixture.sysroot);
  const messages: string[] = [];
  const context = {
    progress: () => undefined,
    message: (text: string) => messages.push(text),
    task: <T>(_: string, run: () => T): T => run(),
    uninterruptible: <T>(run: () => T): T => run(),
  };
  const copyOut = (commit: string, from: string, into: string): void => {
    sh('mv', mine('ssh'), mine('moved'));
    symlinkSync(outside, mine('ssh'));
    copySubpath(sysroot.repo, commit, from, into, true);
  };
  const result = restoreEtc({ sysroot, context, copyOut, relabel: () => undefined }, { ...os(), path: 'ssh/config' });
  expect(result).toEqual({ changed: true, savedAs: 'ssh/config.rpmsave' });
  expect(readFileSync(mine('moved/config'), 'utf8')).toBe('default of ssh/config\n');
  expect(readFileSync(mine('moved/config.rpmsave'), 'utf8')).toBe('mine\n');
  expect(listTree(outside)).toEqual(new Map([['deep', expect.any(String)]]));
});
