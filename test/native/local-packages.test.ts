// SPDX-License-Identifier: LGPL-2.1-or-later
// Packages that a person brings, and packages of the base that others replace, on a sysroot on tmpfs; judged by ostree and rpm.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeployOutcome } from '../../main/engine/jobs/index.ts';
import { makeRpm, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { kernelPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused, type UpgradeParams } from './deployed-base.ts';
import { job } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
let f: ComposeFixture;
let system: DeployedBase;
const commits: string[] = [];

const leaf = (version: string, files: RpmSource['files'] = {}): RpmSource => ({
  name: 'leaf',
  version,
  files: { '/usr/share/leaf/version': version, '/etc/leaf.conf': version, ...files },
});

async function compose(version: string): Promise<void> {
  f.add(kernelPackage(version), leaf(version, { [`/usr/share/leaf/only-${version}`]: '' }), { name: 'twig', version });
  const treefile = f.treefile(
    `packages: [kernel, filesystem, testshell, leaf, twig]\ncontainer: false\nautomatic-version-prefix: "${version}"\n`,
  );
  commits.push((await f.compose(treefile)).checksum);
}

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage());
  await compose('2');
  const packages = [
    { name: 'helper', files: { '/usr/share/helper': 'helper' } },
    { name: 'twig', version: '1' },
  ];
  system = new DeployedBase(f.repo, ref, packages, 'enabled=0\n');
});

afterAll(() => {
  system[Symbol.dispose]();
  f.dispose();
});

let messages: string[] = [];
async function run(params: UpgradeParams): Promise<DeployOutcome> {
  const { result, events } = await job('update.upgrade', { ...system.os, ...params });
  messages = events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
  return result;
}
const change = (what: UpgradeParams): Promise<DeployOutcome> => run({ noPullBase: true, enablerepo: ['more'], ...what });
const refs = (): string[] => system.ostree('refs', '--list', 'rpmostree/pkg').trim().split('\n').sort();
const brought = (source: RpmSource): { path: string; name: string } => {
  const file = makeRpm(path.join(system.scratch, 'brought'), source);
  return { path: file, name: path.basename(file) };
};
const base = ['filesystem-1', 'kernel-2', 'leaf-2', 'testshell-1', 'twig-2'];

test('a package file is put onto the base with what it needs, and isn’t needed any more', async () => {
  const file = brought({ name: 'mine', tags: ['Requires: helper'], files: { '/usr/share/mine': 'mine' } });
  const outcome = await change({ brought: { install: [file] } });
  expect(outcome.layer?.added.map((p) => p.name)).toEqual(['helper', 'mine']);
  expect(messages).toContain('mine-1-1.noarch isn’t signed');
  expect(await system.names()).toEqual([...base, 'helper-1', 'mine-1'].sort());
  expect(refs()).toEqual(['rpmostree/pkg/helper/1-1.noarch', 'rpmostree/pkg/mine/1-1.noarch']);
  const sha256 = system.ostree('show', '--print-metadata-key=rpmostree.metadata_sha256', 'rpmostree/pkg/mine/1-1.noarch');
  expect(await system.originText()).toContain(`[packages]\nrequested-local=${sha256.trim().replaceAll("'", '')}:mine-1-1.noarch;\n`);
  expect((await system.load()).deployments[0]?.origin.layering.localPackages).toEqual(['mine-1-1.noarch']);
  expect(await refused(change({ brought: { install: [file] } }))).toMatchObject({
    code: 'layer.already-requested',
    subject: 'mine-1-1.noarch',
  });
  rmSync(file.path);
  system.ostree('fsck', '--quiet');
});

test('it stays over another base', async () => {
  await compose('3');
  expect(await run({ enablerepo: ['more'] })).toMatchObject({ changed: true, toVersion: '3' });
  expect(await system.names()).toEqual(['filesystem-1', 'helper-1', 'kernel-3', 'leaf-3', 'mine-1', 'testshell-1', 'twig-3']);
  expect(await run({ enablerepo: ['more'] })).toMatchObject({ changed: false });
});

test('another file of the same name and version is another package', async () => {
  const file = brought({ name: 'mine', files: { '/usr/share/mine': 'another' } });
  expect(await change({ brought: { install: [file] } })).toMatchObject({ changed: true });
  expect(readFileSync(path.join(await system.root(), 'usr/share/mine'), 'utf8')).toBe('another');
});

test('what the repository lost is named', async () => {
  system.ostree('refs', '--delete', 'rpmostree/pkg/mine');
  expect(await refused(change({ change: { install: ['helper'] } }))).toMatchObject({
    code: 'layer.local-lost',
    subject: 'mine-1-1.noarch',
  });
  expect(await change({ change: { uninstall: ['mine'] } })).toMatchObject({ changed: true });
  expect((await system.load()).deployments[0]).toMatchObject({ checksum: commits[1] });
});

test.each([
  ['older', '1'],
  ['newer', '9'],
])('an %s package file takes the place of the base’s', async (_, version) => {
  const file = brought(leaf(version, { '/usr/share/leaf/mine': 'm' }));
  const outcome = await change({ brought: { replace: [file] } });
  const [before, after] = ['leaf-3-1.noarch', `leaf-${version}-1.noarch`];
  expect(outcome.layer?.replaced).toEqual([{ before, after }]);
  expect(await system.names()).toContain(`leaf-${version}`);
  expect(await system.names()).not.toContain('leaf-3');
  const at = await system.root();
  const own = (name: string): boolean => existsSync(path.join(at, 'usr/share/leaf', name));
  expect([own('mine'), own('only-3')]).toEqual([true, false]);
  expect(readFileSync(path.join(at, 'usr/etc/leaf.conf'), 'utf8')).toBe(version);
  execFileSync('rpm', ['--root', at, '--dbpath', '/usr/share/rpm', '-V', 'leaf', '--nodeps', '--nomtime']);
  const row = (v: string): string => `<('leaf-${v}-1.noarch', 'leaf', uint64 0, '${v}', '1', 'noarch')>`;
  expect(await system.metadata('replaced-base-packages')).toBe(`[(${row(version)}, ${row('3')})]`);
  expect(await system.originText()).toMatch(new RegExp(`\\[overrides\\]\nreplace-local=[0-9a-f]{64}:${after};`));
});

test('one from a repository, older than the base’s, and both back again: that is the base', async () => {
  const outcome = await change({ change: { overrideReplace: [{ repo: 'more', packages: ['twig'] }] } });
  expect(outcome.layer?.replaced).toEqual([
    { before: 'leaf-3-1.noarch', after: 'leaf-9-1.noarch' },
    { before: 'twig-3-1.noarch', after: 'twig-1-1.noarch' },
  ]);
  expect(await system.names()).toEqual(['filesystem-1', 'kernel-3', 'leaf-9', 'testshell-1', 'twig-1']);
  expect(await system.originText()).toMatch(/^replace=repo=more,twig;$/m);
  expect(await system.metadata('replaced-base-remote-packages')).toContain(`{'more': <[(<('twig-1-1.noarch',`);
  await change({ change: { overrideReset: ['leaf', 'twig'] } });
  expect((await system.load()).deployments[0]).toMatchObject({ checksum: commits[1] });
});

test('an override that has nothing to replace is said when it is asked for, and rests when the base changes', async () => {
  expect(await refused(change({ brought: { replace: [brought({ name: 'stranger' })] } }))).toMatchObject({
    code: 'layer.not-in-base',
    subject: 'stranger-1-1.noarch',
  });
  expect(await refused(change({ change: { overrideReplace: [{ repo: 'more', packages: ['helper'] }] } }))).toMatchObject({
    code: 'layer.not-in-base',
    subject: 'helper',
  });
  await change({ brought: { replace: [brought(leaf('4', { '/usr/share/leaf/only-4': '' }))] } });
  await compose('4');
  expect(await run({ enablerepo: ['more'] })).toMatchObject({ changed: true, toVersion: '4' });
  expect(messages).toContain('Inactive override: leaf-4-1.noarch (the base has leaf-4-1.noarch itself)');
  expect(await system.originText()).toContain('leaf-4-1.noarch');
  expect((await system.load()).deployments[0]).toMatchObject({ checksum: commits[2] });
  await change({ change: { noOverrides: true } });
});

test('files of others are replaced when that is asked for', async () => {
  const file = brought({ name: 'fights', files: { '/etc/leaf.conf': 'fights' } });
  expect(await refused(change({ brought: { install: [file] } }))).toMatchObject({ code: 'package.file-conflict' });
  await change({ brought: { installForced: [file] } });
  expect(readFileSync(path.join(await system.root(), 'usr/etc/leaf.conf'), 'utf8')).toBe('fights');
  expect(await system.originText()).toMatch(/^requested-local-fileoverride=[0-9a-f]{64}:fights-1-1.noarch;$/m);
  await change({ change: { uninstall: ['fights'] } });
});

test('the kernel isn’t replaced, by name', async () => {
  expect(await refused(change({ brought: { replace: [brought(kernelPackage('9'))] } }))).toMatchObject({
    code: 'not-supported',
    subject: 'Replacing the kernel of the base by kernel-9-1.x86_64',
  });
});

test.each([
  ['no package at all', (file: string) => writeFileSync(file, 'no package'), 'package.corrupt'],
  ['an empty file', (file: string) => writeFileSync(file, ''), 'package.corrupt'],
  ['a truncated package', (file: string) => truncateSync(file, readFileSync(file).length - 10), 'package.corrupt'],
  ['a package of another payload', (file: string) => flip(file, -20), 'package.corrupt'],
])('%s is refused by the name that its owner gave it, and nothing is changed', async (_, damage, code) => {
  const file = brought({ name: 'bad', files: { '/usr/share/bad': 'x'.repeat(5000) } });
  damage(file.path);
  const before = [await system.load(), refs()];
  expect(await refused(change({ brought: { install: [{ ...file, name: 'called.rpm' }] } }))).toMatchObject({ code, subject: 'called.rpm' });
  expect([await system.load(), refs()]).toEqual(before);
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[bytes.length + at] = (bytes.at(at) ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
}
