// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../main/engine/images/oci.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, kernelPackage } from '../fixtures/small-system.ts';
import { composeOk, ComposeFixture } from './compose-fixture.ts';
import { DeployedBase, refused } from './deployed-base.ts';
import { job, sh } from './sysroot-fixture.ts';

let f: ComposeFixture;
let registry: RealRegistry;
let base: DeployedBase;
let home: string;
const ref = 'test/x86_64/base';
const image = 'registry.test/os/base:stable';
const at = (...parts: string[]): string => path.join(f.directory, ...parts);

/** Compose a version, signed by somebody or nobody, and put it into the registry. */
async function release(version: string, signer?: string): Promise<void> {
  f.add(appPackage(version), kernelPackage(version));
  const packages = '[app, kernel, filesystem, testshell]';
  const text = `packages: ${packages}\ncontainer: false\nboot-location: new\nautomatic-version-prefix: "${version}"\n`;
  const { checksum } = await f.compose(f.treefile(text));
  if (signer !== undefined) f.ostree('gpg-sign', `--gpg-homedir=${home}`, checksum, signer);
  const target = `docker://${registry.host}/os/base:stable`;
  await composeOk('container-encapsulate', ref, target, `--repo=${f.repo}`, '--no-tls-verify', `--authfile=${at('auth.json')}`);
}

const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);

beforeAll(async () => {
  f = new ComposeFixture();
  chmodSync(f.directory, 0o755);
  registry = await RealRegistry.start(at('registry'), { login: true });
  process.env['XDG_CONFIG_HOME'] = at('config');
  process.env['REGISTRY_AUTH_FILE'] = at('auth.json');
  mkdirSync(at('config/containers'), { recursive: true });
  const conf = `[[registry]]\nprefix = "registry.test"\nlocation = "${registry.host}"\ninsecure = true\n`;
  writeFileSync(at('config/containers/registries.conf'), conf);
  // nobody but root reads the login
  const auth = Buffer.from('user:secret').toString('base64');
  writeFileSync(at('auth.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }), { mode: 0o600 });
  home = mkdtempSync('/dev/shm/treeline-gpg-');
  for (const name of ['right', 'wrong']) {
    gpg('--quick-generate-key', `${name}@example.org`, 'ed25519', 'sign', 'never');
    gpg('--output', path.join(home, `${name}.gpg`), '--export', `${name}@example.org`);
  }
  f.add(filesystemPackage, shellPackage());
  await release('1');
  base = new DeployedBase(f.repo, ref, [], '', '1g');
  chmodSync(base.scratch, 0o755);
  base.ostree('remote', 'add', `--gpg-import=${path.join(home, 'right.gpg')}`, 'signed', 'http://127.0.0.1:1');
});
afterAll(async () => {
  delete process.env['XDG_CONFIG_HOME'];
  delete process.env['REGISTRY_AUTH_FILE'];
  await registry?.stop();
  if (home) sh('gpgconf', '--homedir', home, '--kill', 'all');
  rmSync(home, { recursive: true, force: true });
  base?.[Symbol.dispose]();
  f?.dispose();
});

const unverified = `ostree-unverified-registry:${image}`;
const proven = `ostree-remote-registry:signed:${image}`;
const state = async (): Promise<string[]> => (await base.load()).deployments.map(({ id }) => id);

test('the keys of an OSTree remote judge the commit in an image, whoever brought it', async () => {
  const before = await state();
  expect(await refused(base.upgrade({ refspec: proven }))).toMatchObject({ code: 'repo.signature-missing' });
  expect(await state()).toEqual(before);
  // nor when it is here already
  await base.upgrade({ refspec: unverified });
  const taken = await state();
  expect(await refused(base.upgrade({ refspec: proven }))).toMatchObject({ code: 'repo.signature-missing' });
  expect(await state()).toEqual(taken);
  await release('2', 'wrong@example.org');
  expect(await refused(base.upgrade({ refspec: proven }))).toMatchObject({ code: 'repo.key-missing' });
  expect(await refused(base.upgrade({ refspec: proven, cacheOnly: true }))).toMatchObject({ code: 'repo.key-missing' });
  expect(await state()).toEqual(taken);
  await release('3', 'right@example.org');
  expect(await base.upgrade({ refspec: proven })).toMatchObject({ changed: true, toVersion: '3' });
  expect(await base.originText()).toBe(`[origin]\ncontainer-image-reference=${proven}\n`);
  base.ostree('fsck', '--quiet');
});

test('the login is root’s, and reaches only the registry: nothing of it is told or left', async () => {
  await release('4', 'right@example.org');
  const { result, events } = await job('update.check', base.os);
  expect(result).toMatchObject({ kind: 'available', update: { version: '4' } });
  expect(JSON.stringify([result, events])).not.toMatch(/secret|dXNlcjpz/);
  writeFileSync(at('auth.json'), '{}', { mode: 0o600 });
  expect((await job('update.check', base.os)).result).toMatchObject({
    kind: 'failed',
    error: { code: 'registry.refused' },
    last: { version: '4' },
  });
  const auth = Buffer.from('user:secret').toString('base64');
  writeFileSync(at('auth.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }), { mode: 0o600 });
});

test('what the fetching user puts where layers are awaited is no way to root', async () => {
  const cache = path.join(base.os.sysroot, 'ostree/deploy', base.os.osname, 'var/cache/treeline');
  const layers = path.join(cache, 'layers');
  // it is that user's alone
  expect(statSync(layers).mode & 0o777).toBe(0o700);
  expect(statSync(layers).uid).not.toBe(0);
  const raw = sh('skopeo', 'inspect', '--raw', '--tls-verify=false', '--creds=user:secret', `docker://${registry.host}/os/base:stable`);
  const [first, second] = (JSON.parse(raw) as Manifest).layers;
  const secret = at('secret');
  writeFileSync(secret, 'root’s own\n', { mode: 0o600 });
  symlinkSync(secret, path.join(layers, first!.digest.slice(7)));
  // a link isn't followed by who fetches either, and is told
  await expect(base.upgrade({})).rejects.toThrow();
  expect(readFileSync(secret, 'utf8')).toBe('root’s own\n');
  rmSync(path.join(layers, first!.digest.slice(7)));
  // half a layer that is something else is begun anew
  writeFileSync(path.join(layers, second!.digest.slice(7)), Buffer.alloc(Math.floor(second!.size / 2), 'x'));
  chmodSync(path.join(layers, second!.digest.slice(7)), 0o666);
  expect(await base.upgrade({})).toMatchObject({ changed: true, toVersion: '4' });
  expect(readdirSync(cache)).not.toContain('taken-layers');
  expect(readdirSync(layers)).toEqual([]);
  base.ostree('fsck', '--quiet');
});

test('no room for what is to be fetched is said before anything is', async () => {
  await release('5', 'right@example.org');
  const { bavail, bsize } = JSON.parse(
    sh('python3', '-c', `import os,json;s=os.statvfs('${base.scratch}');print(json.dumps({'bavail':s.f_bavail,'bsize':s.f_bsize}))`),
  ) as {
    bavail: number;
    bsize: number;
  };
  const filler = path.join(base.scratch, 'filler');
  sh('fallocate', '-l', String(bavail * bsize - (8 << 20)), filler);
  expect(await refused(base.upgrade({}))).toMatchObject({ code: 'disk.full' });
  rmSync(filler);
  expect(await base.upgrade({})).toMatchObject({ changed: true, toVersion: '5' });
});
