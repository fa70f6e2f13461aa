// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckState, UpdateDetails } from '../../shared/domain/index.ts';
import { runJob, type SysrootState } from '../../main/engine/jobs/index.ts';
import { mediaTypes, type Manifest } from '../../main/engine/images/oci.ts';
import { RegistryClient } from '../../main/engine/images/registry/client.ts';
import { blobRef, imageRef } from '../../main/engine/images/store/ref-names.ts';
import { digestOf as digestOfBytes, layerTar, type LayerEntry } from '../fixtures/layer-image.ts';
import { noPlaces } from '../fixtures/registry-client.ts';
import { CuttingProxy, RealRegistry } from '../fixtures/registry.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, kernelPackage, plainPackage } from '../fixtures/small-system.ts';
import { composeOk, ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused, type UpgradeParams } from './deployed-base.ts';
import { job, sh, worker } from './sysroot-fixture.ts';

let f: ComposeFixture;
let registry: RealRegistry;
let base: DeployedBase;
const ref = 'test/x86_64/base';
const image = 'registry.test/os/base:stable';
const origin = `ostree-unverified-registry:${image}`;
const stored = imageRef(`docker://${image}`);
const at = (...parts: string[]): string => path.join(f.directory, ...parts);

/** What is asked of registry.test comes from there. */
function serve(host: string): void {
  const directory = at('config/containers');
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'registries.conf'), `[[registry]]\nprefix = "registry.test"\nlocation = "${host}"\ninsecure = true\n`);
}

/** 400 kB that don't compress to nothing, the same each time. */
const noise = (seed: string): string =>
  Array.from({ length: 9000 }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest('base64')).join('\n');

/** Compose a version, and put it into the registry; the image's digest. */
async function release(version: string, tags: readonly string[] = ['stable']): Promise<string> {
  f.add(appPackage(version), kernelPackage(version), { name: 'more', version, files: { '/usr/share/more': noise(version) } });
  const packages = '[app, kernel, more, filesystem, testshell]';
  await f.compose(f.treefile(`packages: ${packages}\ncontainer: false\nboot-location: new\nautomatic-version-prefix: "${version}"\n`));
  for (const tag of tags) await push(tag);
  return digest(tags[0]);
}

async function push(tag: string): Promise<void> {
  await composeOk('container-encapsulate', ref, `docker://${registry.host}/os/base:${tag}`, `--repo=${f.repo}`, '--no-tls-verify');
}

const skopeo = (...args: string[]): string => sh('skopeo', ...args);
const manifest = (tag = 'stable'): string => skopeo('inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/os/base:${tag}`);
const digest = (tag = 'stable'): string =>
  skopeo('inspect', '--tls-verify=false', '--format={{.Digest}}', `docker://${registry.host}/os/base:${tag}`).trim();
const retag = (from: string, to: string): void => {
  const place = `docker://${registry.host}/os/base`;
  skopeo(
    'copy',
    '--quiet',
    '--preserve-digests',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `${place}:${from}`,
    `${place}:${to}`,
  );
};

const upgrade = (params: UpgradeParams = {}): ReturnType<DeployedBase['upgrade']> => base.upgrade(params);
const check = async (): Promise<CheckState> => (await job('update.check', base.os)).result;
const cached = async (): Promise<CheckState> => (await job('update.cached', base.os)).result;
const details = async (): Promise<UpdateDetails> => (await job('update.details', base.os)).result;
const first = async (): Promise<SysrootState['deployments'][number]> => (await base.load()).deployments[0]!;
const digestOf = async (): Promise<unknown> => (await first()).baseMeta['ostree.manifest-digest']?.value;
const refs = (): string[] => base.ostree('refs').trim().split('\n').sort();
const containerRefs = (): string[] => refs().filter((each) => each.startsWith('ostree/container/'));
const fsck = (): void => void base.ostree('fsck', '--quiet');

beforeAll(async () => {
  f = new ComposeFixture();
  process.env['XDG_CONFIG_HOME'] = at('config');
  chmodSync(f.directory, 0o755);
  registry = await RealRegistry.start(at('registry'));
  serve(registry.host);
  f.add(filesystemPackage, shellPackage());
  await release('1', ['stable', 'one']);
  base = new DeployedBase(f.repo, ref, [helperPackage, plainPackage]);
  // as a real system's: who fetches has no rights
  chmodSync(base.scratch, 0o755);
});
afterAll(async () => {
  delete process.env['XDG_CONFIG_HOME'];
  await registry?.stop();
  base?.[Symbol.dispose]();
  f?.dispose();
});

test('from a branch to an image: stored as ostree-ext does, the origin as rpm-ostree writes it', async () => {
  const { result, events } = await job('update.upgrade', { ...base.os, refspec: origin });
  expect(result).toMatchObject({ changed: true, toVersion: '1' });
  expect(events.flatMap((event) => (event.type === 'message' ? [event.text] : []))).toEqual([]);
  expect(await base.originText()).toBe(`[origin]\ncontainer-image-reference=${origin}\n`);
  expect(await first()).toMatchObject({ version: '1', origin: { containerImageReference: origin, refspec: '' } });
  expect(await digestOf()).toBe(digest());
  expect(base.ostree('rev-parse', stored).trim()).toBe((await first()).checksum);
  const { layers } = JSON.parse(manifest()) as Manifest;
  expect(containerRefs()).toEqual([...layers.map((each) => blobRef(each.digest)), stored].sort());
  expect(await base.names()).toEqual(['app-1', 'filesystem-1', 'kernel-1', 'more-1', 'testshell-1']);
  fsck();
  sh('ostree', 'admin', `--sysroot=${base.os.sysroot}`, 'status');
  expect(await check()).toMatchObject({ kind: 'up-to-date' });
  expect(await upgrade()).toMatchObject({ changed: false });
});

test('a newer image is told with its packages, then taken; only what is new of it is fetched', async () => {
  const before = new Set((JSON.parse(manifest()) as Manifest).layers.map((each) => each.digest));
  const newest = await release('2', ['stable', 'two']);
  const state = await check();
  const id = newest.replace('sha256:', '');
  const fresh = (JSON.parse(manifest()) as Manifest).layers.filter((each) => !before.has(each.digest));
  const downloadBytes = fresh.reduce((sum, { size }) => sum + size, 0);
  expect(state).toMatchObject({
    kind: 'available',
    update: { checksum: id, version: '2', refspec: origin, counts: { upgraded: 3 }, sizes: { downloadBytes, downloadExact: true } },
  });
  expect(await cached()).toEqual(state);
  expect(await details()).toMatchObject({
    toChecksum: id,
    packages: ['app', 'kernel', 'more'].map((name) => ({ name, from: { version: '1' }, to: { version: '2' } })),
    image: { digest: newest, reference: origin, tier: 'changes' },
  });
  // the same by the client's own preview
  expect((await job('update.preview', { ...base.os, refspec: origin })).result.toChecksum).toBe(id);
  const counting = await new CuttingProxy(registry.host, 0, 0).start();
  serve(counting.host);
  const { result, events } = await job('update.upgrade', base.os);
  serve(registry.host);
  await counting.stop();
  expect(result).toMatchObject({ changed: true, fromVersion: '1', toVersion: '2' });
  expect(counting.bytes).toBeGreaterThan(downloadBytes);
  expect(counting.bytes).toBeLessThan(downloadBytes + 64_000);
  const bytes = events.flatMap((event) => (event.type === 'progress' && event.progress.step === 'pull' ? [event.progress.bytesDone] : []));
  expect(bytes.at(-1)).toBe(downloadBytes);
  expect(await base.originText()).toBe(`[origin]\ncontainer-image-reference=${origin}\n`);
  expect(await digestOf()).toBe(newest);
  expect((await base.names()).join()).toContain('app-2');
  expect(await cached()).toMatchObject({ kind: 'up-to-date' });
  expect(await check()).toMatchObject({ kind: 'up-to-date' });
  fsck();
});

test('packages come onto an image as onto a branch, and an upgrade keeps them', async () => {
  const image2 = (await first()).checksum;
  await base.change({ install: ['plain'] });
  expect(await base.originText()).toBe(`[origin]\ncontainer-image-reference=${origin}\n\n[packages]\nrequested=plain;\n`);
  expect(await first()).toMatchObject({ layer: { base: { checksum: image2, version: '2' }, packages: ['plain'] }, version: '2' });
  expect(await digestOf()).toBe(digest());
  expect(base.ostree('rev-parse', 'rpmostree/base/0').trim()).toBe(image2);
  expect(await check()).toMatchObject({ kind: 'up-to-date' });
  await release('3');
  expect(await check()).toMatchObject({ kind: 'available', update: { version: '3', counts: { upgraded: 3 } } });
  await upgrade();
  expect(await base.names()).toEqual(['app-3', 'filesystem-1', 'helper-1', 'kernel-3', 'more-3', 'plain-1', 'testshell-1']);
  expect(await first()).toMatchObject({ layer: { packages: ['plain'] }, version: '3' });
  expect(await digestOf()).toBe(digest());
  fsck();
  await base.change({ uninstall: ['plain'] });
  expect(await base.originText()).toBe(`[origin]\ncontainer-image-reference=${origin}\n`);
  expect((await first()).checksum).toBe(base.ostree('rev-parse', stored).trim());
});

test('a tag that moved back isn’t taken unasked; a tag or a digest is, and the stream is followed on', async () => {
  const newest = digest();
  retag('stable', 'three');
  retag('two', 'stable');
  const id = digest('two').replace('sha256:', '');
  expect(await check()).toMatchObject({ kind: 'up-to-date', wentBack: { checksum: id, version: '2' } });
  expect(await cached()).toMatchObject({ kind: 'up-to-date', wentBack: { checksum: id } });
  expect(await refused(upgrade())).toMatchObject({ code: 'update.older', subject: '2', detail: '3' });
  expect(await upgrade({ revision: digest('one'), allowDowngrade: true })).toMatchObject({ changed: true, toVersion: '1' });
  expect(await digestOf()).toBe(digest('one'));
  expect(await base.originText()).toBe(`[origin]\ncontainer-image-reference=${origin}\n`);
  await upgrade({ revision: 'version=three', allowDowngrade: true });
  expect(await digestOf()).toBe(newest);
  expect(await refused(upgrade({ revision: 'nowhere', allowDowngrade: true }))).toMatchObject({ code: 'registry.not-found' });
  expect(await refused(upgrade({ revision: 'no tag', allowDowngrade: true }))).toMatchObject({ code: 'repo.revision-not-found' });
  retag('three', 'stable');
  expect(await check()).toMatchObject({ kind: 'up-to-date' });
  fsck();
});

test('a line that is cut is gone on with, and nothing comes twice', async () => {
  await release('4');
  const before = new Set(containerRefs());
  const fresh = (JSON.parse(manifest()) as Manifest).layers.filter((each) => !before.has(blobRef(each.digest)));
  const downloadBytes = fresh.reduce((sum, { size }) => sum + size, 0);
  const cutting = await new CuttingProxy(registry.host, 12, Math.ceil(downloadBytes / 8) + 20_000).start();
  serve(cutting.host);
  await upgrade();
  serve(registry.host);
  await cutting.stop();
  expect(cutting.connections).toBeGreaterThan(1);
  // besides the layers: heads of answers, manifest, configuration, the referrer, and what was on its way when it was cut
  expect(cutting.bytes).toBeLessThan(downloadBytes + 100_000);
  expect(await digestOf()).toBe(digest());
  fsck();
});

test('a download that is cancelled within a layer is gone on with by the next', async () => {
  await release('4.5');
  const before = new Set(containerRefs());
  const fresh = (JSON.parse(manifest()) as Manifest).layers.filter((each) => !before.has(blobRef(each.digest)));
  const downloadBytes = fresh.reduce((sum, { size }) => sum + size, 0);
  // each line ends before the whole is there: the job waits a moment before it goes on
  const cutting = await new CuttingProxy(registry.host, Infinity, 150_000).start();
  serve(cutting.host);
  const running = runJob('update.upgrade', base.os, {
    worker,
    onEvent: (event) => {
      if (event.type === 'progress' && event.progress.step === 'pull' && (event.progress.bytesDone ?? 0) > 64_000) running.cancel();
    },
  });
  await expect(running.done).rejects.toMatchObject({ code: 'job.cancelled' });
  await cutting.stop();
  const counting = await new CuttingProxy(registry.host, 0, 0).start();
  serve(counting.host);
  await upgrade();
  serve(registry.host);
  await counting.stop();
  expect(counting.bytes).toBeLessThan(downloadBytes);
  expect(cutting.bytes + counting.bytes).toBeLessThan(downloadBytes + 200_000);
  expect(await digestOf()).toBe(digest());
  fsck();
});

test('what was downloaded for later stays until it is deployed, without the network', async () => {
  const now = await digestOf();
  await release('5');
  expect(await upgrade({ downloadOnly: true })).toMatchObject({ changed: true, toVersion: '5' });
  expect(await digestOf()).toBe(now);
  await job('sysroot.cleanup', { ...base.os, elements: ['base'] });
  serve('127.0.0.1:1');
  expect(await upgrade({ cacheOnly: true })).toMatchObject({ changed: true, toVersion: '5' });
  serve(registry.host);
  expect(await digestOf()).toBe(digest());
});

test('a registry that is gone, an image that isn’t there, one that others judge or that lies elsewhere: by name', async () => {
  serve('127.0.0.1:1');
  expect(await check()).toMatchObject({ kind: 'failed', error: { code: 'registry.unreachable', facts: { host: '127.0.0.1:1' } } });
  serve(registry.host);
  const rebase = (to: string): Promise<unknown> => refused(upgrade({ refspec: to }));
  expect(await rebase('ostree-unverified-registry:registry.test/os/none:x')).toMatchObject({ code: 'registry.not-found' });
  // a machine's policy that takes anything, or none, isn't enough
  expect(await rebase(`ostree-image-signed:docker://${image}`)).toMatchObject({ code: 'container.unchecked' });
  expect(await rebase(`ostree-unverified-image:oci:${at('layout')}`)).toMatchObject({ code: 'source.image', detail: 'oci' });
  expect(await rebase('ostree-unverified-registry:No Image')).toMatchObject({ code: 'usage.invalid' });
  expect(await rebase(`ostree-remote-registry:nobody:${image}`)).toMatchObject({ code: 'origin.remote-missing' });
  expect(await rebase(`ostree-remote-registry:origin:${image}`)).toMatchObject({ code: 'source.image-unproven', subject: 'origin' });
  expect(await check()).toMatchObject({ kind: 'up-to-date' });
});

test('kernel arguments and pins leave the origin as it is; the older way to write it stays', async () => {
  await job('sysroot.kargs', { ...base.os, append: ['quiet'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] });
  expect(await base.originText()).toContain(`container-image-reference=${origin}`);
  await job('sysroot.pin', { sysroot: base.os.sysroot, deploymentId: (await first()).id, pinned: true });
  await job('sysroot.pin', { sysroot: base.os.sysroot, deploymentId: (await first()).id, pinned: false });
  writeFileSync(`${await base.root()}.origin`, `[origin]\nrefspec=${origin}\n`);
  await release('6');
  await upgrade();
  expect(await base.originText()).toBe(`[origin]\nrefspec=${origin}\n`);
  expect(await first()).toMatchObject({ version: '6', origin: { containerImageReference: origin } });
  writeFileSync(`${await base.root()}.origin`, `[origin]\ncontainer-image-reference=${origin}\n`);
});

test('what is damaged here comes again from the registry', async () => {
  const checksum = (await first()).checksum;
  const file = /[0-9a-f]{64}/.exec(base.ostree('ls', '-C', checksum, '/usr/bin/dash'))?.[0] ?? '';
  rmSync(path.join(base.repo, 'objects', file.slice(0, 2), `${file.slice(2)}.file`));
  await release('7');
  await upgrade();
  expect(await first()).toMatchObject({ version: '7' });
  fsck();
});

/** As a container build makes it of the image of a tag, which names it afterwards: another layer on top. */
async function derive(tag: string, entries: readonly LayerEntry[]): Promise<void> {
  const client = new RegistryClient({ places: noPlaces, env: {}, architecture: 'amd64', insecure: true });
  try {
    const place = { host: registry.host, name: 'os/base', tag };
    const found = await client.manifest(place);
    const config = await client.config(place, found.manifest);
    const tar = layerTar(entries);
    const layer = { mediaType: mediaTypes.gzip, ...(await client.putBlob(place, gzipSync(tar))) };
    const rootfs = { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, digestOfBytes(tar)] };
    const bytes = Buffer.from(JSON.stringify({ ...config, rootfs }));
    const made = {
      ...found.manifest,
      config: { ...found.manifest.config, ...(await client.putBlob(place, bytes)) },
      layers: [...found.manifest.layers, layer],
    };
    await client.putManifest(place, Buffer.from(JSON.stringify(made)), mediaTypes.manifest);
  } finally {
    await client.close();
  }
}

test('an image that a container build made of one: its files are there, and packages on top of them', async () => {
  await release('8');
  await derive('stable', [
    { name: 'usr/share/derived', content: 'derived' },
    { name: 'etc/derived.conf', content: 'conf' },
    { name: 'usr/share/.wh.more' },
  ]);
  expect(await check()).toMatchObject({ kind: 'available', update: { version: '8' } });
  await upgrade({ change: { install: ['plain'] } });
  const root = await base.root();
  expect(readFileSync(path.join(root, 'usr/share/derived'), 'utf8')).toBe('derived');
  expect(readFileSync(path.join(root, 'etc/derived.conf'), 'utf8')).toBe('conf');
  expect(existsSync(path.join(root, 'usr/share/more'))).toBe(false);
  expect(await base.names()).toContain('plain-1');
  expect(await check()).toMatchObject({ kind: 'up-to-date' });
  await release('9');
  await derive('stable', [{ name: 'usr/share/derived', content: 'derived anew' }]);
  await upgrade();
  expect(readFileSync(path.join(await base.root(), 'usr/share/derived'), 'utf8')).toBe('derived anew');
  expect(await base.names()).toEqual(expect.arrayContaining(['app-9', 'plain-1']));
  fsck();
});

test('back to a branch; what nothing follows any more is let go, what other tools hold isn’t', async () => {
  const kept = base.ostree('rev-parse', stored).trim();
  base.ostree('refs', '--create=ostree/container/baseimage/mine', kept);
  await upgrade({ refspec: `origin:${ref}`, change: { uninstall: ['plain'] } });
  expect(await base.originText()).toBe(`[origin]\nrefspec=origin:${ref}\n`);
  await job('sysroot.clear-rollback-target', base.os);
  await job('sysroot.cleanup', { ...base.os, elements: ['base'] });
  expect(containerRefs().filter((each) => each.startsWith('ostree/container/image/'))).toEqual([]);
  expect(containerRefs()).toContain('ostree/container/baseimage/mine');
  expect(containerRefs().some((each) => each.startsWith('ostree/container/blob/'))).toBe(true);
  base.ostree('refs', '--delete', 'ostree/container/baseimage/mine');
  await job('sysroot.cleanup', { ...base.os, elements: ['base'] });
  expect(containerRefs()).toEqual([]);
  fsck();
});
