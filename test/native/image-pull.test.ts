// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatNevra, type UpdateDetails } from '../../shared/domain/index.ts';
import type { Manifest } from '../../main/engine/images/oci.ts';
import { blobRef, imageRef } from '../../main/engine/images/store/ref-names.ts';
import { layerTar, writeImage, type LayerEntry } from '../fixtures/layer-image.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeOk as ok, ComposeFixture, treeline } from './compose-fixture.ts';
import { sh } from './publish-fixture.ts';

let f: ComposeFixture;
let registry: RealRegistry;
let guarded: RealRegistry;
const ref = 'test/x86_64/base';
const at = (...parts: string[]): string => path.join(f.directory, ...parts);
const commits: string[] = [];
let image: string;

const pkg = (name: string, version: string): Parameters<ComposeFixture['add']>[0] => ({
  ...{ name, version },
  files: { [`/usr/share/${name}/text`]: Array.from({ length: 3000 }, (_, i) => `${name} ${version} ${(i * 7919) % 10_007}`).join('\n') },
});

/** Compose a version and put it into both registries. */
async function release(): Promise<void> {
  commits.push((await f.compose(at('tree.yaml'))).checksum);
  const previous = commits.length > 1 ? [`--previous-build-manifest=${at('manifest.json')}`] : [];
  await ok('container-encapsulate', ref, `docker://${image}`, `--repo=${f.repo}`, '--no-tls-verify', ...previous);
  writeFileSync(at('manifest.json'), sh('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${image}`]));
}

beforeAll(async () => {
  f = new ComposeFixture();
  registry = await RealRegistry.start(at('registry'));
  guarded = await RealRegistry.start(at('guarded'), { login: true });
  image = `${registry.host}/os/base:latest`;
  f.add(filesystemPackage, shellPackage(), ...['alpha', 'beta', 'gamma'].map((name) => pkg(name, '1')));
  f.treefile('packages: [alpha, beta, gamma, testshell, filesystem]\nautomatic-version-prefix: "5"\n');
  await release();
});
afterAll(async () => {
  await Promise.all([registry, guarded].map((each) => each.stop()));
  f.dispose();
});

function newRepo(name: string, mode = 'bare-user'): string {
  sh('ostree', [`--repo=${at(name)}`, 'init', `--mode=${mode}`]);
  return at(name);
}

async function pull(repo: string, ...more: string[]): Promise<string> {
  const { status, stdout, stderr } = await treeline('image', 'pull', image, `--repo=${repo}`, '--no-tls-verify', ...more);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

const manifest = (): Manifest => JSON.parse(readFileSync(at('manifest.json'), 'utf8')) as Manifest;
const list = (repo: string, commit: string): string => sh('ostree', [`--repo=${repo}`, 'ls', '-R', '-X', '-C', commit]);

test('an image comes out of a registry, then only what is new of the next one; the same again is nothing', async () => {
  for (const mode of ['bare-user', 'archive']) {
    const repo = newRepo(`pulled-${mode}`, mode);
    const text = await pull(repo);
    expect(text).toContain(`${manifest().layers.length} new layers`);
    expect(list(repo, imageRef(`docker://${image}`))).toBe(list(f.repo, commits[0]!));
    f.fsck(repo);
    expect(await pull(repo)).toMatch(/^No change\n/);
    expect(existsSync(path.join(repo, 'tmp/treeline-layers'))).toBe(false);
  }
  const before = new Set(manifest().layers.map(({ digest }) => digest));
  f.add(pkg('beta', '2'));
  await release();
  const fresh = manifest().layers.filter(({ digest }) => !before.has(digest));
  expect(fresh.length).toBeLessThan(before.size);
  const repo = at('pulled-bare-user');
  expect(await pull(repo)).toContain(`${fresh.length} new layers`);
  expect(list(repo, imageRef(`docker://${image}`))).toBe(list(f.repo, commits[1]!));
  f.fsck(repo);
});

test('what the next image brings is told before it is fetched: as comparing both commits tells it', async () => {
  const repo = newRepo('previewed');
  await pull(repo);
  const before = new Set(manifest().layers.map(({ digest }) => digest));
  const had = commits.at(-1)!;
  f.add({ ...pkg('gamma', '2'), changelog: '* Mon Nov 30 2026 A B <a@b.example> - 2-1\n- gamma is new' }, pkg('delta', '1'));
  f.treefile('packages: [alpha, beta, gamma, delta, testshell, filesystem]\nautomatic-version-prefix: "5"\n');
  await release();
  const asked = ['image', 'diff', image, `--repo=${repo}`, `--with=${imageRef(`docker://${image}`)}`, '--no-tls-verify'];
  const json = await treeline(...asked, '--format=json');
  expect([json.status, json.stderr]).toEqual([0, '']);
  const details = JSON.parse(json.stdout) as UpdateDetails;
  // rpm's own lists of both trees
  const installed = (commit: string, name: string): Set<string> => {
    sh('ostree', [`--repo=${f.repo}`, 'checkout', '-U', commit, at(name)]);
    return new Set(sh('rpm', [`--dbpath=${at(name, 'usr/share/rpm')}`, '-qa']).split('\n'));
  };
  const [old, now] = [installed(had, 'tree-before'), installed(commits.at(-1)!, 'tree-after')];
  const truth = [
    ...[...old].filter((each) => !now.has(each)).map((each) => `-${each}`),
    ...[...now].filter((each) => !old.has(each)).map((each) => `+${each}`),
  ];
  const lines = details.packages.flatMap(({ from, to }) => [
    ...(from ? [`-${formatNevra(from)}`] : []),
    ...(to ? [`+${formatNevra(to)}`] : []),
  ]);
  expect(lines.sort()).toEqual(truth.sort());
  expect(lines).toEqual(['+delta-1-1.noarch', '+gamma-2-1.noarch', '-gamma-1-1.noarch']);
  expect(details.packages.find(({ name }) => name === 'gamma')?.changelog?.map(({ text }) => text)).toEqual(['- gamma is new']);
  const fresh = manifest().layers.filter(({ digest }) => !before.has(digest));
  expect(details.sizes).toMatchObject({ downloadExact: true, downloadBytes: fresh.reduce((sum, { size }) => sum + size, 0) });
  expect(details.image).toMatchObject({ tier: 'changes', cannotKnow: [], warnings: [], layers: { new: fresh.length } });
  const text = await treeline(...asked);
  expect(text.stdout).toContain('From what the publisher tells of its releases: exact.');
  expect(text.stdout).toContain('gamma is new');

  // against a commit that came from no image, all layers are new, and the packages compared all the same
  const fromCommit = await treeline('image', 'diff', image, `--repo=${f.repo}`, `--with=${had}`, '--no-tls-verify', '--format=json');
  const other = JSON.parse(fromCommit.stdout) as UpdateDetails;
  expect(other.packages.map(({ name }) => name)).toEqual(['delta', 'gamma']);
  expect(other.image?.layers.new).toBe(manifest().layers.length);

  // what runs is what is there
  await pull(repo);
  const same = JSON.parse((await treeline(...asked, '--format=json')).stdout) as UpdateDetails;
  expect(same).toMatchObject({ packages: [], image: { tier: 'same', warnings: [{ kind: 'unchanged' }] } });
});

test('without a name it is the image that the system follows', async () => {
  const root = at('system');
  mkdirSync(root);
  const tree = (version: string): string => {
    const kernel = { '/usr/lib/modules/6.1/vmlinuz': `kernel ${version}`, '/usr/lib/modules/6.1/initramfs.img': 'initramfs' };
    f.add({ name: 'bootable', version, files: kernel });
    return f.treefile('packages: [bootable, testshell, filesystem]\nautomatic-version-prefix: "5"\n');
  };
  tree('1');
  await release();
  sh('ostree', ['admin', 'init-fs', '--modern', root]);
  sh('ostree', ['admin', `--sysroot=${root}`, 'os-init', 'test']);
  const repo = path.join(root, 'ostree/repo');
  await pull(repo);
  sh('ostree', ['admin', `--sysroot=${root}`, 'deploy', '--os=test', imageRef(`docker://${image}`)]);
  const place = path.join(root, 'ostree/deploy/test/deploy');
  const deployed = readdirSync(place).find((name) => /^[0-9a-f]{64}\.0$/.test(name)) ?? '';
  const unnamed = ['image', 'diff', `--sysroot=${root}`, '--with=pending', '--no-tls-verify', '--format=json'];
  expect((await treeline(...unnamed)).stderr).toContain('follows no container image');
  writeFileSync(path.join(place, `${deployed}.origin`), `[origin]\ncontainer-image-reference=ostree-unverified-registry:${image}\n`);
  tree('2');
  await release();
  const { stdout, stderr } = await treeline(...unnamed);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    packages: [{ kind: 'upgraded', name: 'bootable', from: { version: '1' }, to: { version: '2' } }],
    image: { reference: `docker://${image}`, tier: 'changes' },
  });
  // libostree keeps deployments from being changed, and removed
  sh('chattr', ['-i', path.join(place, deployed)]);
});

test('a plain image with layers of files, one packed with zstd, comes out of the registry and is deployed', async () => {
  const dir = (name: string): LayerEntry => ({ name, type: '5', mode: 0o755 });
  const layers: LayerEntry[][] = [
    [
      ...['usr', 'usr/lib', 'usr/lib/modules', 'usr/lib/modules/6.1', 'etc'].map(dir),
      { name: 'usr/lib/modules/6.1/vmlinuz', content: 'kernel' },
      { name: 'usr/lib/modules/6.1/initramfs.img', content: 'initramfs' },
      { name: 'usr/lib/os-release', content: 'ID=plain\nNAME=Plain\n' },
      { name: 'etc/os-release', type: '2', link: '../usr/lib/os-release' },
      { name: 'etc/gone', content: 'gone' },
    ],
    [{ name: 'etc/.wh.gone' }, { name: 'etc/conf', content: 'conf' }],
  ];
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = layers.map(layerTar);
  const packed = execFileSync('zstd', ['-c'], { input: second });
  writeImage(at('plain'), [{ tar: first }, { tar: second, packed, mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' }]);
  const named = `${registry.host}/os/plain:latest`;
  sh('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${at('plain')}:now`, `docker://${named}`]);
  const root = at('plain-system');
  mkdirSync(root);
  sh('ostree', ['admin', 'init-fs', '--modern', root]);
  sh('ostree', ['admin', `--sysroot=${root}`, 'os-init', 'test']);
  const repo = path.join(root, 'ostree/repo');
  const { status, stdout, stderr } = await treeline('image', 'pull', named, `--repo=${repo}`, '--no-tls-verify');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('2 new layers');
  f.fsck(repo);
  expect((await treeline('image', 'pull', named, `--repo=${repo}`, '--no-tls-verify')).stdout).toMatch(/^No change\n/);
  sh('ostree', ['admin', `--sysroot=${root}`, 'deploy', '--os=test', imageRef(`docker://${named}`)]);
  const place = path.join(root, 'ostree/deploy/test/deploy');
  const deployed = path.join(place, readdirSync(place).find((name) => /^[0-9a-f]{64}\.0$/.test(name)) ?? '');
  expect(readdirSync(path.join(deployed, 'etc')).sort()).toEqual(['conf', 'os-release']);
  sh('chattr', ['-i', deployed]);
});

test('what arrived before an interruption is gone on with; what arrived wrong is fetched anew', async () => {
  const repo = newRepo('interrupted');
  const [first, second, third] = manifest().layers;
  const arrived = path.join(repo, 'tmp/treeline-layers');
  mkdirSync(arrived);
  const blob = (digest: string): Buffer =>
    readFileSync(at('registry/storage/docker/registry/v2/blobs/sha256', digest.slice(7, 9), digest.slice(7), 'data'));
  const place = (digest: string): string => path.join(arrived, digest.slice(7));
  writeFileSync(place(first!.digest), blob(first!.digest));
  writeFileSync(place(second!.digest), blob(second!.digest));
  truncateSync(place(second!.digest), Math.floor(second!.size / 2));
  writeFileSync(place(third!.digest), Buffer.alloc(third!.size));
  const text = await pull(repo);
  expect(list(repo, imageRef(`docker://${image}`))).toBe(list(f.repo, commits.at(-1)!));
  expect(text).toContain(`${manifest().layers.length} new layers`);
  f.fsck(repo);
  expect(readdirSync(path.join(repo, 'tmp'))).not.toContain('treeline-layers');
});

test('a registry that wants a login, an image that isn’t there, a name that is none: each is said by name, and nothing is stored', async () => {
  const repo = newRepo('refused');
  const fails = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await treeline('image', 'pull', ...args, `--repo=${repo}`, '--no-tls-verify');
    expect(status).toBe(1);
    return stderr;
  };
  expect(await fails(`${guarded.host}/os/base:latest`)).toContain(guarded.host);
  expect(await fails(`${registry.host}/os/other:latest`)).toContain(`${registry.host}/os/other:latest`);
  expect(await fails(`oci:${at('nowhere')}`)).toContain('is no image in a registry');
  expect(sh('ostree', [`--repo=${repo}`, 'refs'])).toBe('');

  sh('skopeo', [
    ...['copy', '--quiet', '--src-tls-verify=false', '--dest-tls-verify=false', '--dest-creds=user:secret'],
    ...[`docker://${image}`, `docker://${guarded.host}/os/base:latest`],
  ]);
  const auth = Buffer.from('user:secret').toString('base64');
  writeFileSync(at('auth.json'), JSON.stringify({ auths: { [guarded.host]: { auth } } }), { mode: 0o600 });
  const { status } = await treeline(
    ...['image', 'pull', `${guarded.host}/os/base:latest`, `--repo=${repo}`, '--no-tls-verify', `--authfile=${at('auth.json')}`],
  );
  expect(status).toBe(0);
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', blobRef(manifest().layers[0]!.digest)])).toBe(commits.at(-1));
});
