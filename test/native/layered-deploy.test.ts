// SPDX-License-Identifier: LGPL-2.1-or-later
// Packages on top of a deployment's base, from request to deployment, on a sysroot on tmpfs; judged by ostree and rpm.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UpdatePlan } from '../../shared/domain/index.ts';
import { errorLine } from '../../shared/errors/index.ts';
import { createRepo, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, kernelPackage, plainPackage } from '../fixtures/small-system.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused } from './deployed-base.ts';
import { job, osname, sh } from './sysroot-fixture.ts';

const ref = 'test/x86_64/base';
let f: ComposeFixture;
let system: DeployedBase;
const commits: string[] = [];

const leafPackage = (version: string): RpmSource => ({
  name: 'leaf',
  version,
  files: {
    '/usr/share/leaf': { dir: true },
    '/usr/share/leaf/own': 'leaf',
    '/etc/leaf.conf': 'leaf',
    '/usr/share/app': `app ${version}`,
  },
});

async function compose(version: string): Promise<void> {
  f.add(kernelPackage(version), leafPackage(version), { name: 'needed' }, appPackage(version, { tags: ['Requires: needed'] }));
  const treefile = f.treefile(
    `packages: [app, kernel, filesystem, testshell, leaf]\ncontainer: false\nautomatic-version-prefix: "${version}"\n`,
  );
  commits.push((await f.compose(treefile)).checksum);
}

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage());
  await compose('1');
  system = new DeployedBase(f.repo, ref, [
    leafPackage('2'),
    { name: 'needs-leaf', tags: ['Requires: leaf'] },
    plainPackage,
    helperPackage,
    { name: 'other', tags: ['Requires: app = 1'], files: { '/usr/share/other': 'other' } },
  ]);
});

afterAll(() => {
  system[Symbol.dispose]();
  f.dispose();
});

const run: DeployedBase['upgrade'] = (params) => system.upgrade(params);
const change: DeployedBase['change'] = (what, params) => system.change(what, params);
const refs = (): string[] =>
  system
    .ostree('refs')
    .split('\n')
    .filter((each) => each.startsWith('rpmostree/'))
    .sort();
const base = ['app-1', 'filesystem-1', 'kernel-1', 'leaf-1', 'needed-1', 'testshell-1'];

test('a package is put onto the base, with what it needs, and the origin remembers the request', async () => {
  const outcome = await change({ install: ['plain'] });
  expect(outcome).toMatchObject({ changed: true, staged: false });
  expect(outcome.layer?.added.map((p) => p.name)).toEqual(['helper', 'plain']);
  expect(await system.names()).toEqual([...base, 'helper-1', 'plain-1'].sort());
  expect(readFileSync(path.join(await system.root(), 'usr/share/plain-post'), 'utf8')).toBe('made\n');
  expect(await system.originText()).toMatch(/\[origin\]\nbaserefspec=origin:test\/x86_64\/base\n[^]*\[packages\]\nrequested=plain;\n/);
  expect(refs()).toEqual(['rpmostree/base/0', 'rpmostree/pkg/helper/1-1.noarch', 'rpmostree/pkg/plain/1-1.noarch']);
  const [first, second] = (await system.load()).deployments;
  expect(first).toMatchObject({
    layer: { base: { checksum: commits[0], version: '1' }, packages: ['plain'] },
    kernelArgs: ['root=LABEL=test'],
  });
  expect(second).toMatchObject({ checksum: commits[0] });
  system.ostree('fsck', '--quiet');
  expect(sh('ostree', 'admin', 'status', `--sysroot=${system.os.sysroot}`)).toContain(`${osname} ${first?.checksum}.0`);
});

test('what is asked wrongly is said, and nothing is changed', async () => {
  const before = await system.load();
  expect(await refused(change({ install: ['plain'] }))).toMatchObject({ code: 'layer.already-requested', subject: 'plain' });
  expect(await refused(change({ install: ['nothing-like-it'] }))).toMatchObject({ code: 'package.not-found', subject: 'nothing-like-it' });
  expect(await refused(change({ uninstall: ['app'] }))).toMatchObject({ code: 'layer.not-requested', subject: 'app', detail: 'plain' });
  expect(await refused(change({ install: ['app'] }))).toMatchObject({ code: 'layer.inactive', subject: 'app', detail: 'app-1-1.noarch' });
  expect(await system.load()).toEqual(before);
});

test('without a wish that is new nothing is made', async () => {
  const before = await system.load();
  expect(await change({ install: ['plain'] }, { idempotentLayering: true })).toMatchObject({ changed: false });
  expect(await run({})).toMatchObject({ changed: false });
  expect(await system.load()).toEqual(before);
});

test('a dry run says what would come, and changes nothing', async () => {
  const before = await system.load();
  const outcome = await change({ install: ['other'] }, { dryRun: true });
  expect(outcome.layer?.added.map((p) => p.name)).toEqual(['helper', 'other', 'plain']);
  // another base would have to be fetched for it
  expect(await refused(run({ dryRun: true }))).toMatchObject({ code: 'not-supported' });
  expect(await system.load()).toEqual(before);
  expect(refs()).not.toContain('rpmostree/base/tmp');
});

test('packages that were downloaded for later stay until they are deployed', async () => {
  const before = await system.load();
  expect(await change({ install: ['other'] }, { downloadOnly: true })).toMatchObject({ changed: true, staged: false });
  expect((await system.load()).deployments).toEqual(before.deployments);
  expect(refs()).toContain('rpmostree/pkg/other/1-1.noarch');
  expect(refs()).not.toContain('rpmostree/base/tmp');
  await job('sysroot.cleanup', { ...system.os, elements: ['base'] });
  expect(refs()).toContain('rpmostree/pkg/other/1-1.noarch');
  system.ostree('refs', '--delete', `treeline/downloaded/${osname}`);
});

test('a request that the base fulfils is kept when that is wanted, and rests', async () => {
  const outcome = await change({ install: ['app'] }, { allowInactiveRequests: true });
  expect(outcome.layer?.inactive).toEqual([{ spec: 'app', by: 'app-1-1.noarch' }]);
  expect((await system.load()).deployments[0]).toMatchObject({
    layer: { packages: ['plain'] },
    origin: { layering: { packages: ['plain', 'app'] } },
  });
  await change({ uninstall: ['app'] });
  expect(await system.originText()).toMatch(/^requested=plain;$/m);
});

test('a package that doesn’t fit the new base is named, with what it fights with and what can be done (field report 15)', async () => {
  await compose('2');
  await job('update.check', system.os);
  const plan = async (): Promise<UpdatePlan> => (await job('update.plan', system.os)).result;
  const fits = await plan();
  expect(fits).toMatchObject({ checksum: commits[1], layer: { inactive: [], setAside: [], replaced: [] } });
  expect(fits.layer?.added.map(({ name, downloadBytes }) => [name, downloadBytes])).toEqual([
    ['helper', 0],
    ['plain', 0],
  ]);
  await change({ install: ['other'] });
  const before = await system.load();
  // known before anything of the new version is here but its database
  const held = { code: 'layer.blocks-update', subject: 'other', facts: { base: 'app-2-1.noarch', before: 'app-1-1.noarch', version: '2' } };
  expect(await plan()).toMatchObject({ checksum: commits[1], problem: held });
  expect(() => system.ostree('show', commits[1] ?? '')).toThrow();
  const report = await refused(run({}));
  expect(report).toMatchObject({
    ...{ code: 'layer.blocks-update', subject: 'other' },
    facts: { requiredBy: 'other-1-1.noarch', requirement: 'app = 1', base: 'app-2-1.noarch', before: 'app-1-1.noarch', version: '2' },
  });
  expect(errorLine(report)).toContain(
    'other doesn’t fit version 2. other-1-1.noarch needs app = 1. Version 2 has app-2-1.noarch. Until now it was app-1-1.noarch.',
  );
  expect(errorLine(report)).toContain('`treeline upgrade --without=other`');
  const { result, events } = await job('update.upgrade', { ...system.os, automatic: true });
  expect(result).toMatchObject({ changed: false });
  expect(events.flatMap((event) => (event.type === 'message' ? [event.text] : []))).toContainEqual(
    expect.stringContaining('Skipped: A layered package holds the update back'),
  );
  expect(await system.load()).toEqual(before);
  // who asks for something else that doesn't fit is told of that
  expect(await refused(change({ install: ['nothing-like-it'] }))).toMatchObject({ code: 'package.not-found' });
  expect(await refused(run({ withoutPackages: ['helper'] }))).toMatchObject({ code: 'layer.not-requested', subject: 'helper' });
});

test('a new base gets the packages, from what is there already, without the one that was set aside', async () => {
  rmSync(path.join(system.more, 'plain-1-1.noarch.rpm'));
  const { result, events } = await job('update.upgrade', { ...system.os, withoutPackages: ['other'] });
  expect(result.layer?.setAside).toEqual(['other']);
  expect(await system.originText()).toMatch(/^requested=plain;other;$[^]*^\[treeline\]\nset-aside=other;$/m);
  expect(result).toMatchObject({ changed: true, toVersion: '2' });
  expect(await system.names()).toEqual(['app-2', 'filesystem-1', 'helper-1', 'kernel-2', 'leaf-2', 'needed-1', 'plain-1', 'testshell-1']);
  expect((await system.load()).deployments[0]).toMatchObject({
    layer: { base: { checksum: commits[1], version: '2' }, packages: ['plain'] },
  });
  expect(events.filter((event) => event.type === 'task').map(({ text }) => text)).not.toContain('Downloading packages');
  expect(existsSync(path.join(await system.root(), 'usr/share/plain'))).toBe(true);
});

test('what was set aside is tried each time, and comes back when it fits', async () => {
  expect(await run({})).toMatchObject({ changed: false });
  makeRpms(system.more, [
    plainPackage,
    { name: 'other', version: '2', tags: ['Requires: app = 2'], files: { '/usr/share/other': 'other' } },
  ]);
  createRepo(system.more);
  const outcome = await run({});
  expect(outcome.layer?.setAside).toEqual([]);
  expect(await system.names()).toContain('other-2');
  expect(await system.originText()).not.toContain('treeline');
  await change({ uninstall: ['other'] });
});

test('a package of the base is left out, on its own files only, and comes back', async () => {
  const outcome = await change({ overrideRemove: ['leaf'] });
  expect(outcome.layer?.replaced).toEqual([{ before: 'leaf-2-1.noarch' }]);
  expect(await system.names()).toEqual(['app-2', 'filesystem-1', 'helper-1', 'kernel-2', 'needed-1', 'plain-1', 'testshell-1']);
  const at = await system.root();
  expect(['usr/share/leaf', 'usr/etc/leaf.conf', 'etc/leaf.conf'].filter((name) => existsSync(path.join(at, name)))).toEqual([]);
  // what another package has as well stays
  expect(readFileSync(path.join(at, 'usr/share/app'), 'utf8')).toBe('app 2');
  expect(await system.originText()).toMatch(/\[overrides\]\nremove=leaf;\n/);
  const [first] = (await system.load()).deployments;
  const show = ['show', '--no-byteswap', '--print-metadata-key=rpmostree.removed-base-packages', first?.checksum ?? ''];
  expect(system.ostree(...show).trim()).toBe("[<('leaf-2-1.noarch', 'leaf', uint64 0, '2', '1', 'noarch')>]");
  execFileSync('rpm', ['--root', at, '--dbpath', '/usr/share/rpm', '-V', 'app', '--nodeps', '--nomtime']);
  expect(await change({ overrideReset: ['leaf'] })).toMatchObject({ changed: true });
  expect(await system.names()).toContain('leaf-2');
  expect(await refused(change({ overrideReset: ['leaf'] }))).toMatchObject({ code: 'layer.no-override', subject: 'leaf' });
});

test('what the base doesn’t have can’t be left out', async () => {
  expect(await refused(change({ overrideRemove: ['helper'] }))).toMatchObject({ code: 'layer.not-in-base', subject: 'helper' });
});

test('what an override leaves out isn’t asked for at the same time, by itself or by what needs it', async () => {
  const leftOut = { code: 'layer.left-out', subject: 'leaf', detail: 'leaf-2-1.noarch' };
  await change({ overrideRemove: ['leaf'] });
  expect(await refused(change({ install: ['leaf'] }, { allowInactiveRequests: true }))).toMatchObject(leftOut);
  const needed = { code: 'package.conflict', detail: expect.stringMatching(/needs-leaf-1-1\.noarch (from more )?requires leaf/) };
  expect(await refused(change({ install: ['needs-leaf'] }))).toMatchObject(needed);
  await change({ overrideReset: ['leaf'] });
  await change({ install: ['needs-leaf'] });
  expect(await refused(change({ overrideRemove: ['leaf'] }))).toMatchObject(needed);
  await change({ uninstall: ['needs-leaf'] });
});

test('what something else of the base needs isn’t left out: both are named', async () => {
  expect(await refused(change({ overrideRemove: ['needed'] }))).toMatchObject({
    code: 'layer.base-would-change',
    detail: 'app-2-1.noarch would go',
  });
});

test('packages that somebody rolled back from aren’t put onto the same base again by the policy, but by a person', async () => {
  makeRpms(system.more, [plainPackage, { name: 'helper', version: '2', files: { '/usr/share/helper': 'worse' } }]);
  createRepo(system.more);
  expect(await run({})).toMatchObject({ changed: true });
  expect(await system.names()).toContain('helper-2');
  await job('sysroot.rollback', system.os);
  expect(await system.names()).toContain('helper-1');
  const { result, events } = await job('update.upgrade', { ...system.os, automatic: true });
  expect(result).toMatchObject({ changed: false });
  expect(events.flatMap((event) => (event.type === 'message' ? [event.text] : []))).toContainEqual(expect.stringContaining('Skipped: '));
  expect(await run({})).toMatchObject({ changed: true });
  expect(await system.names()).toContain('helper-2');
});

test('the last request gone, the base itself is deployed, and nothing of the layer stays when its deployments are gone', async () => {
  await change({ uninstall: ['plain'] });
  expect((await system.load()).deployments[0]).toMatchObject({ checksum: commits[1] });
  expect((await system.load()).deployments[0]).not.toHaveProperty('layer');
  expect(await system.originText()).toBe(`[origin]\nrefspec=origin:${ref}\n`);
  expect(refs()).not.toEqual([]);
  await job('sysroot.clear-rollback-target', system.os);
  expect(refs()).toEqual([]);
  expect(system.ostree('prune', '--refs-only', '--no-prune')).toContain('No unreachable objects');
  system.ostree('fsck', '--quiet');
});
