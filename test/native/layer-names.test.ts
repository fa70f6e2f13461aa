// SPDX-License-Identifier: LGPL-2.1-or-later
// Packages whose names, versions, architectures and places in a repository are odd, on top of a deployment's base; judged by ostree and rpm.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeployOutcome } from '../../main/engine/jobs/index.ts';
import { errorLine } from '../../shared/errors/index.ts';
import { createRepo, makeRpm, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, kernelPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused, type UpgradeParams } from './deployed-base.ts';
import { job } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
const oddPlace = 'a place with blanks, + ~ ^ & 100%';
let f: ComposeFixture;
let system: DeployedBase;
let server: Server;
let url: string;

const odd: RpmSource = {
  ...{ name: 'odd+name', version: '1.0~rc1+2', release: '1^git.7', epoch: 3 },
  tags: ['Provides: odd(with-parens)(64bit) = 3:1'],
  files: { '/usr/share/odd+name/with blanks': 'o' },
};
const oddNevra = 'odd+name-3:1.0~rc1+2-1^git.7.noarch';
/** Of two architectures, with other files and a shared one. */
const multi = (name: string, arch: string, shared: string): RpmSource => ({
  ...{ name, arch },
  files: { [`/usr/share/${name}/${arch}`]: arch, [`/usr/share/${name}/shared`]: shared },
});

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), kernelPackage('1'), appPackage('1'));
  await f.compose(f.treefile('packages: [app, kernel, filesystem, testshell]\ncontainer: false\nautomatic-version-prefix: "1"\n'));
  system = new DeployedBase(f.repo, ref, [
    { name: 'c++', tags: ['Requires: under_score'] },
    { name: 'under_score', version: '1_2', release: '3.4' },
    ...[multi('multi', 'x86_64', 'same'), multi('multi', 'i686', 'same')],
    ...[multi('clash', 'x86_64', 'one'), multi('clash', 'i686', 'other')],
    { name: 'versions', version: '1.9' },
    { name: 'versions', version: '1.10' },
    { name: 'versions', version: '1.10~rc1' },
    { name: 'versions', version: '1.10^fix' },
  ]);
  const inOddPlace = path.join(system.more, oddPlace);
  // rpmbuild takes no such directory
  for (const file of makeRpms(path.join(system.scratch, 'odd'), [odd])) cpSync(file, path.join(inOddPlace, path.basename(file)));
  // the same package in two places of one repository
  for (const place of ['first', 'second']) makeRpms(path.join(system.more, place), [{ name: 'twice', files: { '/usr/share/twice': 't' } }]);
  createRepo(system.more);
  // and of the same name and version, but not the same
  const other = path.join(system.scratch, 'other');
  makeRpms(other, [{ name: 'twice', files: { '/usr/share/twice': 'another' } }]);
  createRepo(other);
  server = createServer((request, response) => {
    const file = path.join(system.scratch, decodeURIComponent(request.url ?? ''));
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end();
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.close();
  system[Symbol.dispose]();
  f.dispose();
});

const change = async (params: UpgradeParams): Promise<DeployOutcome> =>
  (await job('update.upgrade', { ...system.os, noPullBase: true, ...params })).result;
const added = ({ layer }: DeployOutcome): string[] =>
  (layer?.added ?? []).map(({ name, epoch, version, release, arch }) => `${name}-${epoch ? `${epoch}:` : ''}${version}-${release}.${arch}`);

test.each<[spec: string, ...nevras: string[]]>([
  ['odd+name', oddNevra],
  ['odd+name.noarch', oddNevra],
  ['odd+name-1.0~rc1+2', oddNevra],
  ['odd+name-3:1.0~rc1+2-1^git.7', oddNevra],
  [oddNevra, oddNevra],
  ['odd+n*', oddNevra],
  ['/usr/share/odd+name/with blanks', oddNevra],
  ['odd(with-parens)(64bit)', oddNevra],
  ['c++', 'c++-1-1.noarch', 'under_score-1_2-3.4.noarch'],
  ['multi', 'multi-1-1.x86_64'],
  ['multi.i686', 'multi-1-1.i686'],
  ['versions', 'versions-1.10^fix-1.noarch'],
  ['versions-1.10~rc1', 'versions-1.10~rc1-1.noarch'],
  ['twice', 'twice-1-1.noarch'],
])('%s stands for the right package', async (spec, ...nevras) => {
  expect(added(await change({ change: { install: [spec] }, dryRun: true }))).toEqual(nevras);
});

test.each([
  ['odd+name-2:1.0~rc1+2-1^git.7.noarch', 'package.not-found'],
  ['odd+name.s390x', 'package.not-found'],
  ['odd name', 'package.not-found'],
  ['versions-1.11', 'package.not-found'],
])('%s is refused by that very name', async (spec, code) => {
  const report = await refused(change({ change: { install: [spec] } }));
  expect([report.code, report.subject]).toEqual([code, spec]);
});

const whole = ['odd+name', 'c++', 'multi.x86_64', 'multi.i686', 'twice'];

describe.each(['on this machine', 'from a server'])('%s', (where) => {
  test('all of them are put onto the base, kept in its origin and in the repository under names that ostree knows, and go again', async () => {
    const place = where === 'from a server' ? `${url}/more` : `file://${system.more}`;
    await system.setRepos(`[more]\nbaseurl=${place}\ngpgcheck=0\n`);
    const outcome = await change({ change: { install: [...whole, 'odd+name'] } });
    const nevras = [oddNevra, 'c++-1-1.noarch', 'under_score-1_2-3.4.noarch', 'multi-1-1.x86_64', 'multi-1-1.i686', 'twice-1-1.noarch'];
    expect(added(outcome).sort()).toEqual(nevras.sort());
    expect(system.ostree('refs', '--list', 'rpmostree/pkg').trim().split('\n').sort()).toEqual(
      [
        ...['c_2B_2B/1-1.noarch', 'multi/1-1.i686', 'multi/1-1.x86__64', 'odd_2Bname/3_3A1.0_7Erc1_2B2-1_5Egit.7.noarch'],
        ...['twice/1-1.noarch', 'under__score/1__2-3.4.noarch'],
      ].map((name) => `rpmostree/pkg/${name}`),
    );
    expect(await system.originText()).toContain(`requested=${whole.join(';')};\n`);
    expect([...((await system.load()).deployments[0]?.layer?.packages ?? [])].sort()).toEqual([...whole].sort());
    expect(readFileSync(path.join(await system.root(), 'usr/share/odd+name/with blanks'), 'utf8')).toBe('o');
    expect(await system.names()).toEqual(expect.arrayContaining(['odd+name-1.0~rc1+2', 'c++-1', 'multi-1', 'under_score-1_2', 'twice-1']));
    system.ostree('fsck', '--quiet');
    await change({ change: { uninstall: whole } });
    expect((await system.load()).deployments[0]).not.toHaveProperty('layer');
  });
});

test('what two repositories have under one name and version is one package, of one of them', async () => {
  const other = `[other]\nbaseurl=file://${path.join(system.scratch, 'other')}\ngpgcheck=0\npriority=1\n`;
  await system.setRepos(`${system.repoText}${other}`);
  const { layer } = await change({ change: { install: ['twice'] } });
  expect(layer?.added.map(({ name, repo }) => [name, repo])).toEqual([['twice', 'other']]);
  expect(readFileSync(path.join(await system.root(), 'usr/share/twice'), 'utf8')).toBe('another');
  // the other one now: it is another package, though it is called the same
  await system.setRepos(system.repoText);
  await change({ change: { install: ['c++'] } });
  expect(readFileSync(path.join(await system.root(), 'usr/share/twice'), 'utf8')).toBe('t');
  await change({ change: { uninstall: ['twice', 'c++'] } });
});

test('what is in the way of its own other architecture is refused by both names', async () => {
  await system.setRepos(system.repoText);
  const before = await system.unchanged();
  const report = await refused(change({ change: { install: ['clash.x86_64', 'clash.i686'] } }));
  expect(report.code).toBe('package.file-conflict');
  for (const name of ['clash-1-1.x86_64', 'clash-1-1.i686', '/usr/share/clash/shared']) expect(errorLine(report)).toContain(name);
  expect(await system.unchanged()).toEqual(before);
});

test('a package file is named by what is in it, whatever its own name is', async () => {
  const brought = mkdtempSync(path.join(system.scratch, 'brought '));
  mkdirSync(path.join(brought, 'of mine'));
  const file = path.join(brought, 'of mine', 'my package (1) + ~ 100% ü.bin');
  // rpmbuild itself can’t work in a directory of such a name
  renameSync(makeRpm(path.join(system.scratch, 'made'), { ...odd, name: 'mine+' }), file);
  await change({ brought: { install: [{ path: file, name: path.basename(file) }] } });
  const nevra = oddNevra.replace('odd+name', 'mine+');
  expect((await system.load()).deployments[0]?.origin.layering.localPackages).toEqual([nevra]);
  expect(await system.originText()).toMatch(new RegExp(`^requested-local=[0-9a-f]{64}:${nevra.replaceAll(/[+^.]/g, '\\$&')};$`, 'm'));
  rmSync(brought, { recursive: true });
  await change({ change: { uninstall: ['mine+'] } });
  expect((await system.load()).deployments[0]).not.toHaveProperty('layer');
});
