// SPDX-License-Identifier: LGPL-2.1-or-later
// A system that came from a branch follows a container image: over restarts, with packages on top, and back.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bus, iface, sysrootPath, type Variant } from '../../shared/dbus/index.ts';
import { createRepo, makeRpms } from '../fixtures/make-rpm.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { appPackage, helperPackage, plainPackage } from '../fixtures/small-system.ts';
import { composeOk, ComposeFixture } from '../native/compose-fixture.ts';
import { SimulatedHost } from './simulated.ts';

let f: ComposeFixture;
let registry: RealRegistry;
let simulated: SimulatedHost;
let image: string;

async function compose(version: string): Promise<string> {
  const kernel = { '/usr/lib/modules/6.2/vmlinuz': `kernel ${version}`, '/usr/lib/modules/6.2/initramfs.img': 'initramfs' };
  f.add(appPackage(version), { name: 'kernel', version, arch: 'x86_64', files: kernel });
  const packages = '[app, kernel, filesystem, testshell]';
  const text = `packages: ${packages}\ncontainer: false\nboot-location: new\nautomatic-version-prefix: "${version}"\n`;
  return (await f.compose(f.treefile(text))).checksum;
}

/** The newest version into the registry; its digest. */
async function publish(...signing: readonly string[]): Promise<string> {
  await composeOk('container-encapsulate', 'test/x86_64/base', `docker://${image}`, `--repo=${f.repo}`, '--no-tls-verify', ...signing);
  const words = ['inspect', '--tls-verify=false', '--format={{.Digest}}', `docker://${image}`];
  return execFileSync('skopeo', words, { encoding: 'utf8' }).trim();
}

beforeAll(async () => {
  simulated = await SimulatedHost.start();
  f = new ComposeFixture();
  registry = await RealRegistry.start(path.join(f.directory, 'registry'));
  image = `${registry.host}/os/base:stable`;
  f.add(filesystemPackage, shellPackage());
  const more = path.join(simulated.host.dir, 'more');
  makeRpms(more, [plainPackage, helperPackage]);
  createRepo(more);
  await simulated.becomes(f.repo, await compose('10'), '10');
  const etc = path.join(await simulated.root(), 'etc');
  for (const directory of ['yum.repos.d', 'containers']) mkdirSync(path.join(etc, directory), { recursive: true });
  writeFileSync(path.join(etc, 'yum.repos.d/more.repo'), `[more]\nname=More\nbaseurl=file://${more}\ngpgcheck=0\n`);
  writeFileSync(path.join(etc, 'containers/registries.conf'), `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
});
afterAll(async () => {
  await simulated?.stop();
  await registry?.stop();
  f?.dispose();
});

const names = (version: string, ...more: readonly string[]): string =>
  [`app-${version}`, 'filesystem-1', `kernel-${version}`, 'testshell-1', ...more].sort().join(' ');

async function restarts(version: string, packages: string): Promise<void> {
  await simulated.client.restart();
  await simulated.restarted(version);
  expect(await simulated.names()).toBe(packages);
}

/** What the system bus tells of the first deployment. */
async function told(): Promise<Record<string, Variant>> {
  const bus = await Bus.connect(simulated.host.address);
  try {
    const { body } = await bus.call({
      ...{ destination: 'org.projectatomic.rpmostree1', path: sysrootPath, interface: iface.properties },
      ...{ member: 'Get', signature: 'ss', body: [iface.sysroot, 'Deployments'] },
    });
    return (body[0] as Variant<Record<string, Variant>[]>).value[0]!;
  } finally {
    bus.close();
  }
}

test('from a branch to an image, and over a restart', async () => {
  const digest = await publish();
  const origin = `ostree-unverified-registry:${image}`;
  const custom = ['--custom-origin-url=https://os.example', '--custom-origin-description=The base'];
  await simulated.treeline('rebase', origin, ...custom);
  expect((await told())['container-image-reference']?.value).toBe(origin);
  await restarts('10', names('10'));
  const dict = await told();
  expect(dict).toMatchObject({
    'container-image-reference': { value: origin },
    'container-image-reference-digest': { value: digest },
    'custom-origin': { value: ['https://os.example', 'The base'] },
  });
  expect(dict['origin']).toBeUndefined();
  const status = await simulated.treeline('status');
  expect(status).toContain(origin);
  expect(status).toContain(`Digest: ${digest}`);
  const json = JSON.parse(await simulated.treeline('status', '--json')) as { deployments: Record<string, unknown>[] };
  expect(json.deployments[0]).toMatchObject({
    booted: true,
    'container-image-reference': origin,
    'container-image-reference-digest': digest,
    'base-commit-meta': { 'ostree.manifest-digest': digest, 'ostree.manifest': expect.stringContaining('"layers"') as string },
  });
});

test('a newer image is shown with its packages, taken, and runs', async () => {
  await compose('11');
  const digest = await publish();
  await simulated.client.checkForUpdate();
  const { check } = await simulated.client.snapshot();
  expect(check).toMatchObject({ kind: 'available', update: { version: '11', counts: { upgraded: 2 } } });
  expect(await simulated.client.updateDetails()).toMatchObject({
    packages: ['app', 'kernel'].map((name) => ({ name, from: { version: '10' }, to: { version: '11' } })),
    image: { digest, tier: 'changes' },
  });
  await simulated.treeline('upgrade');
  const after = await simulated.client.snapshot();
  // what is staged and what was found are known to be the same
  expect(after.check).toMatchObject({ kind: 'available', update: { checksum: after.deployments[0]?.checksum } });
  expect(await simulated.client.updateDetails()).toMatchObject({ toChecksum: after.deployments[0]?.checksum, image: { digest } });
  await restarts('11', names('11'));
  expect((await simulated.client.snapshot()).check).toMatchObject({ kind: 'up-to-date' });
});

test('packages on top stay through an update', async () => {
  await simulated.treeline('install', 'plain');
  await restarts('11', names('11', 'plain-1', 'helper-1'));
  await compose('12');
  const digest = await publish();
  expect(await simulated.treeline('upgrade', '--preview')).toMatch(/Version: 12[^]*app 11[^]*Layered: unknown/);
  await simulated.treeline('upgrade');
  await restarts('12', names('12', 'plain-1', 'helper-1'));
  expect(await told()).toMatchObject({
    'container-image-reference-digest': { value: digest },
    packages: { value: ['plain'] },
    'base-version': { value: '12' },
  });
});

test('by the machine’s rule only what is signed', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyFile = path.join(f.directory, 'sign.key');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const containers = path.join(await simulated.root(), 'etc/containers');
  writeFileSync(path.join(containers, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const rule = { type: 'sigstoreSigned', keyPath: '/etc/containers/key.pub', signedIdentity: { type: 'matchRepository' } };
  const policy = { default: [{ type: 'reject' }], transports: { docker: { [registry.host]: [rule] } } };
  writeFileSync(path.join(containers, 'policy.json'), JSON.stringify(policy));
  mkdirSync(path.join(containers, 'registries.d'));
  writeFileSync(path.join(containers, 'registries.d/all.yaml'), 'default-docker:\n  use-sigstore-attachments: true\n');
  await compose('13');
  await publish();
  const scope = `transports.docker["${registry.host}"]`;
  // whatever the origin says
  await simulated.client.checkForUpdate();
  expect((await simulated.client.snapshot()).check).toMatchObject({ kind: 'failed', error: { code: 'container.untrusted', key: scope } });
  const signed = `ostree-image-signed:docker://${image}`;
  await expect(simulated.treeline('rebase', signed)).rejects.toThrow(/it has no signature/);
  expect((await told())['container-image-reference-digest']).toMatchObject({ value: expect.stringMatching(/^sha256:/) });

  await publish('--sign-by-sigstore-private-key', keyFile);
  await simulated.treeline('rebase', signed);
  await restarts('13', names('13', 'plain-1', 'helper-1'));
  expect((await told())['container-image-reference']?.value).toBe(signed);
  await compose('14');
  await publish('--sign-by-sigstore-private-key', keyFile);
  await simulated.client.checkForUpdate();
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const key = createHash('sha256').update(der).digest('hex');
  expect(await simulated.client.updateDetails()).toMatchObject({
    toVersion: '14',
    image: { trust: { requirement: 'sigstoreSigned', scope, key } },
  });
});

test('and back: the image that was left isn’t offered again unasked', async () => {
  await simulated.treeline('upgrade');
  await restarts('14', names('14', 'plain-1', 'helper-1'));
  await simulated.treeline('rollback');
  await restarts('13', names('13', 'plain-1', 'helper-1'));
  await simulated.client.checkForUpdate();
  const { check } = await simulated.client.snapshot();
  expect(check).toMatchObject({ kind: 'available', update: { version: '14', rolledBackFrom: true } });
  await registry.stop();
  await expect(simulated.client.checkForUpdate()).resolves.toBeUndefined();
  expect((await simulated.client.snapshot()).check).toMatchObject({
    kind: 'failed',
    error: { code: 'registry.unreachable', facts: { host: registry.host } },
    last: { version: '14' },
  });
  execFileSync('ostree', ['fsck', '--quiet', `--repo=${simulated.host.sysroot}/ostree/repo`]);
  execFileSync('ostree', ['admin', 'status', `--sysroot=${simulated.host.sysroot}`]);
});
