// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Deployment } from '../../shared/domain/index.ts';
import type { SysrootState } from '../../main/engine/jobs/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
const v: string[] = [];

beforeAll(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  const url = await server.start();
  v.push(fixture.release({ version: '1' }));
  fixture.install(url, v[0] as string);
});

afterAll(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const load = async (): Promise<SysrootState> => (await job('sysroot.load', { sysroot: fixture.sysroot })).result;
const status = (): string => sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`);
const fsck = (): string => sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });

/** Deployments as `ostree admin status` prints them: the judge of what we say. */
function statusDeployments(): { osname: string; checksum: string; serial: number; version: string; pinned: boolean }[] {
  const blocks = status()
    .split(/^(?=[* ] \S+ [0-9a-f]{64}\.\d+)/m)
    .filter((b) => b.trim() !== '');
  return blocks.map((block) => {
    const [, name = '', checksum = '', serial = ''] = /^[* ] (\S+) ([0-9a-f]{64})\.(\d+)/.exec(block) ?? [];
    return {
      osname: name,
      checksum,
      serial: Number(serial),
      version: /Version: (.*)/.exec(block)?.[1] ?? '',
      pinned: block.includes('Pinned: yes'),
    };
  });
}

async function expectAgreement(): Promise<readonly Deployment[]> {
  const { deployments } = await load();
  const ours = deployments.map((d) => ({ osname: d.osname, checksum: d.checksum, serial: d.serial, version: d.version, pinned: d.pinned }));
  expect(ours).toEqual(statusDeployments());
  return deployments;
}

const deploymentDir = (d: Deployment): string =>
  path.join(fixture.sysroot, 'ostree/deploy', d.osname, 'deploy', `${d.checksum}.${d.serial}`);

test('a first deployment is described as ostree describes it', async () => {
  const [only] = await expectAgreement();
  expect(only).toMatchObject({
    booted: false,
    rollback: false,
    version: '1',
    kernelArgs: ['root=LABEL=test', 'quiet', 'x="a b"'],
    origin: { refspec: `origin:${branch}`, remote: 'origin', ref: branch },
    commitPresent: true,
  });
  expect((await load()).prettyName).toBe('Test OS 1');
});

test('an upgrade deploys, keeps kernel arguments, /etc and what the origin holds besides', async () => {
  const [first] = (await load()).deployments as [Deployment];
  const origin = `${deploymentDir(first)}.origin`;
  appendFileSync(origin, '\n[custom]\nkeep=this\n');
  writeFileSync(path.join(deploymentDir(first), 'etc/test/default.conf'), 'edited\n');
  v.push(fixture.release({ version: '2' }));
  const { result, events } = await job('update.upgrade', os());
  expect(result).toMatchObject({ changed: true, staged: false, fromVersion: '1', toVersion: '2', checksum: v[1] });
  const [now, before] = (await expectAgreement()) as [Deployment, Deployment];
  expect(now).toMatchObject({ version: '2', kernelArgs: first.kernelArgs, rollback: false });
  expect(before).toMatchObject({ version: '1', rollback: true });
  expect(readFileSync(`${deploymentDir(now)}.origin`, 'utf8')).toContain('keep=this');
  expect(readFileSync(path.join(deploymentDir(now), 'etc/test/default.conf'), 'utf8')).toBe('edited\n');
  fsck();
  const fractions = events.flatMap((e) => (e.type === 'progress' ? [e.progress.fraction] : []));
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
});

test('nothing newer is no change', async () => {
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: false, toVersion: '2' });
});

test('rolling back takes the other one, remembers what was left, and a check says so (field report 24)', async () => {
  expect((await job('sysroot.rollback', os())).result).toMatchObject({ changed: true, fromVersion: '2', toVersion: '1' });
  expect((await expectAgreement()).map((d) => d.version)).toEqual(['1', '2']);
  const check = (await job('update.check', os())).result;
  expect(check).toMatchObject({ kind: 'available', update: { version: '2', rolledBackFrom: true } });
  // the policy leaves it to people; whoever asks for it gets it
  const automatic = await job('update.upgrade', { ...os(), automatic: true });
  expect(automatic.result).toEqual({ changed: false, staged: false });
  expect(automatic.events).toContainEqual({ type: 'message', text: expect.stringContaining('went back from 2') });
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
  expect((await expectAgreement())[0]?.version).toBe('2');
});

test('set-default, pin, undeploy', async () => {
  const list = (await load()).deployments;
  const old = list.find((d) => d.version === '1') as Deployment;
  await job('sysroot.pin', { sysroot: fixture.sysroot, deploymentId: old.id, pinned: true });
  expect((await expectAgreement()).find((d) => d.id === old.id)?.pinned).toBe(true);
  await expect(job('sysroot.undeploy', { sysroot: fixture.sysroot, deploymentId: old.id })).rejects.toMatchObject({
    code: 'deployment.pinned',
  });
  await job('sysroot.set-default', { ...os(), deploymentId: old.id });
  expect((await expectAgreement())[0]?.id).toBe(old.id);
  expect((await job('sysroot.set-default', { ...os(), deploymentId: old.id })).result.changed).toBe(false);
  await job('sysroot.pin', { sysroot: fixture.sysroot, deploymentId: old.id, pinned: false });
  const other = (await load()).deployments.find((d) => d.id !== old.id) as Deployment;
  await job('sysroot.undeploy', { sysroot: fixture.sysroot, deploymentId: other.id });
  expect((await expectAgreement()).some((d) => d.id === other.id)).toBe(false);
  expect(existsSync(deploymentDir(other))).toBe(false);
  await expect(job('sysroot.undeploy', { sysroot: fixture.sysroot, deploymentId: 'nope-1.0' })).rejects.toMatchObject({
    code: 'deployment.not-found',
  });
  for (let i = 0; i < 3; i++) {
    const left = (await load()).deployments;
    if (left.length === 1) break;
    await job('sysroot.undeploy', { sysroot: fixture.sysroot, deploymentId: (left.at(-1) as Deployment).id });
  }
  const [last] = (await load()).deployments as [Deployment];
  await expect(job('sysroot.undeploy', { sysroot: fixture.sysroot, deploymentId: last.id })).rejects.toMatchObject({
    code: 'deployment.only-one',
  });
  await expect(job('sysroot.rollback', os())).rejects.toMatchObject({ code: 'deployment.none-to-roll-back' });
  fsck();
});

test('kernel arguments make a new deployment; the seen ones must be the real ones (field report 13)', async () => {
  const none = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
  const { result } = await job('sysroot.kargs', { ...os(), ...none, append: ['y=c d'], remove: ['quiet'] });
  expect(result).toMatchObject({ changed: true, kargs: ['root=LABEL=test', 'x="a b"', 'y="c d"'] });
  const [now] = (await expectAgreement()) as [Deployment];
  expect(now.kernelArgs).toEqual(result.kargs);
  // the boot loader's file itself
  const entries = sh('bash', '-c', `cat ${fixture.sysroot}/boot/loader/entries/*.conf`);
  expect(entries).toMatch(/^options root=LABEL=test x="a b" y="c d" ostree=\S+$/m);
  const stale = job('sysroot.kargs', { ...os(), ...none, existing: 'root=LABEL=test quiet', append: ['z'] });
  await expect(stale).rejects.toMatchObject({ code: 'kargs.changed' });
  const same = await job('sysroot.kargs', { ...os(), ...none, existing: String(now.bootConfig['options']), appendIfMissing: ['y=c d'] });
  expect(same.result.changed).toBe(false);
});

test('deploy by version and by checksum, older only when allowed; a pinned revision is in the origin', async () => {
  v.push(fixture.release({ version: '3' }));
  await job('update.upgrade', os());
  const back = { ...os(), revision: 'version=2' };
  await expect(job('update.upgrade', back)).rejects.toMatchObject({ code: 'update.older', report: { subject: '2' } });
  await job('update.upgrade', { ...back, allowDowngrade: true });
  const [now] = (await expectAgreement()) as [Deployment];
  expect(now).toMatchObject({ version: '2', origin: { overrideCommit: v[1] } });
  await job('update.upgrade', { ...os(), revision: v[2] });
  expect((await expectAgreement())[0]?.version).toBe('3');
  const unknown = job('update.upgrade', { ...os(), revision: 'version=99' });
  await expect(unknown).rejects.toMatchObject({ code: 'repo.revision-not-found' });
});

test('download-only keeps the content for a cache-only upgrade without network', async () => {
  v.push(fixture.release({ version: '4' }));
  expect((await job('update.upgrade', { ...os(), downloadOnly: true })).result).toMatchObject({ changed: true, staged: false });
  expect((await load()).deployments[0]?.version).toBe('3');
  sh('ostree', 'admin', 'cleanup', `--sysroot=${fixture.sysroot}`);
  server.fault = 'silence';
  expect((await job('update.upgrade', { ...os(), cacheOnly: true })).result).toMatchObject({ changed: true, toVersion: '4' });
  server.fault = 'none';
  expect((await expectAgreement())[0]?.version).toBe('4');
  fsck();
});

test('rebase to another branch; branch that is not there', async () => {
  sh('ostree', `--repo=${fixture.server}`, 'commit', '-b', 'test/next', `--tree=ref=${branch}`, '--add-metadata-string=version=n1');
  sh('ostree', `--repo=${fixture.server}`, 'summary', '-u');
  const { result } = await job('update.upgrade', { ...os(), refspec: 'origin:test/next' });
  expect(result).toMatchObject({ changed: true, toVersion: 'n1' });
  expect((await expectAgreement())[0]?.origin.refspec).toBe('origin:test/next');
  await expect(job('update.upgrade', { ...os(), refspec: 'origin:test/nope' })).rejects.toMatchObject({
    code: 'repo.ref-not-found',
    report: { subject: 'test/nope' },
  });
  await expect(job('update.upgrade', { ...os(), refspec: 'nowhere:test/next' })).rejects.toMatchObject({ code: 'origin.remote-missing' });
});

test('cleanup removes the rollback deployment and frees its content', async () => {
  const before = (await load()).deployments.length;
  expect(before).toBeGreaterThan(1);
  const { result } = await job('sysroot.cleanup', { ...os(), elements: ['rollback-deploy', 'base'] });
  expect(result.changed).toBe(true);
  expect((await expectAgreement()).length).toBe(1);
  await expect(job('sysroot.cleanup', { ...os(), elements: ['everything'] })).rejects.toMatchObject({ code: 'usage.invalid' });
  fsck();
});

test('disk use: exclusive bytes are what undeploying frees', async () => {
  fixture.release({ version: '5', files: 200 });
  await job('update.upgrade', { ...os(), refspec: `origin:${branch}` });
  const [newest, old] = (await load()).deployments as [Deployment, Deployment];
  const use = (await job('sysroot.disk-use', { sysroot: fixture.sysroot })).result;
  const du = Number(sh('du', '-s', '-B1', path.join(fixture.repo, 'objects')).split('\t')[0]);
  expect(Math.abs((use.repoBytes ?? 0) - du)).toBeLessThan(du * 0.05 + 300_000);
  // a ref holds the newest one's content: deleting the deployment would free next to nothing
  const exclusive = new Map(use.deployments.map((d) => [d.id, d.exclusiveBytes]));
  expect(exclusive.get(newest.id)).toBeLessThan(100_000);
  expect(exclusive.get(old.id)).toBeGreaterThan(0);
  expect(use.freeBytes).toBeGreaterThan(0);
});

describe('odd origins: listed with what is wrong, and named by what needs them (field reports 11, 12)', () => {
  test.each<[name: string, text: string, problem: string, code: string]>([
    ['no ref', '[origin]\n', 'no-ref', 'origin.invalid'],
    ['empty', '', 'no-ref', 'origin.invalid'],
    ['both', '[origin]\nrefspec=origin:a\ncontainer-image-reference=ostree-unverified-image:x\n', 'ambiguous', 'origin.invalid'],
    ['deleted remote', '[origin]\nrefspec=gone:a/b\n', 'remote-missing', 'origin.remote-missing'],
  ])('%s', async (_, text, problem, code) => {
    const [first] = (await load()).deployments as [Deployment];
    const file = `${deploymentDir(first)}.origin`;
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, text);
    try {
      const list = (await load()).deployments;
      expect(list[0]).toMatchObject({ id: first.id, version: first.version, origin: { problem } });
      expect(list.length).toBeGreaterThan(1);
      await expect(job('update.upgrade', os())).rejects.toMatchObject({ code });
      expect((await job('update.check', os())).result).toMatchObject({ kind: 'failed', error: { code } });
    } finally {
      writeFileSync(file, before);
    }
  });

  test('unconfigured-state is told in its own words', async () => {
    const [first] = (await load()).deployments as [Deployment];
    const file = `${deploymentDir(first)}.origin`;
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, `[origin]\nrefspec=origin:${branch}\nunconfigured-state=Register this machine first\n`);
    await expect(job('update.upgrade', os())).rejects.toMatchObject({
      code: 'origin.invalid',
      report: { detail: 'Register this machine first' },
    });
    writeFileSync(file, before);
  });

  test('a damaged commit is listed too', async () => {
    const { deployments } = await load();
    const last = deployments.at(-1) as Deployment;
    const object = path.join(fixture.repo, 'objects', last.checksum.slice(0, 2), `${last.checksum.slice(2)}.commit`);
    const bytes = readFileSync(object);
    sh('rm', object);
    const list = (await load()).deployments;
    writeFileSync(object, bytes);
    expect(list.map((d) => [d.id, d.commitPresent])).toEqual(deployments.map((d) => [d.id, d.id !== last.id]));
  });
});
