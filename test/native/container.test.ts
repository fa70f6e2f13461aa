// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dealChunks, type Component } from '../../main/engine/compose/container/chunks.ts';
import { changesType, readImageChanges } from '../../main/engine/images/changes-artifact.ts';
import { parseReference } from '../../main/engine/images/reference.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeFails as fails, ComposeFixture, composeOk as ok } from './compose-fixture.ts';
import { sh } from './publish-fixture.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/base';
const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota', 'kappa'];
const content = (name: string, version: string): string =>
  Array.from({ length: 300 }, (_, i) => `${name} ${version} ${(i * 7919) % 1009}`).join('\n');
const pkg = (name: string, version: string): Parameters<ComposeFixture['add']>[0] => ({
  name,
  version,
  files: {
    [`/usr/bin/${name}`]: { content: content(name, version), mode: '0755' },
    [`/usr/share/${name}/empty`]: '',
    [`/usr/share/${name}/link`]: { symlink: `../../bin/${name}` },
    [`/etc/${name}.conf`]: `${name}\n`,
    // larger than what is written at once
    ...(name === 'zeta'
      ? { '/usr/share/zeta/big': { content: Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * 2654435761) >>> 24)) } }
      : {}),
    ...(name === 'alpha' ? { '/usr/bin/ping': { content: 'p', mode: '4755', caps: 'cap_net_raw=p' } } : {}),
  },
});

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
  readonly annotations: Readonly<Record<string, string>>;
}

const at = (...parts: string[]): string => path.join(f.directory, ...parts);
const manifestOf = (directory: string, tag?: string): Manifest =>
  JSON.parse(sh('skopeo', ['inspect', '--raw', `oci:${directory}${tag === undefined ? '' : `:${tag}`}`])) as Manifest;

let one: string;
let two: string;

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), ...names.map((name) => pkg(name, '1')));
  const treefile = f.treefile(`packages: [${names.join(', ')}, testshell, filesystem]\nautomatic-version-prefix: "5"\n`);
  one = (await f.compose(treefile)).checksum;
  f.add(pkg('gamma', '2'), { name: 'lambda', files: { '/usr/bin/lambda': content('lambda', '1') } });
  f.treefile(`packages: [${names.join(', ')}, lambda, testshell, filesystem]\nautomatic-version-prefix: "5"\n`);
  two = (await f.compose(treefile)).checksum;
});
afterAll(() => f.dispose());

test('a commit to an image and back: the same commit; skopeo knows it; equal input gives equal bytes', async () => {
  const image = at('image');
  const text = await ok(
    'container-encapsulate',
    ref,
    `oci:${image}:now`,
    `--repo=${f.repo}`,
    '--label=a.b=c',
    '--copymeta-opt=rpmostree.inputhash',
    '--cmd=/usr/bin/sh',
    '--cmd=-l',
  );
  expect(text).toContain(`Commit: ${two}`);
  const seen = JSON.parse(sh('skopeo', ['inspect', `oci:${image}:now`])) as {
    Labels: Record<string, string>;
    Layers: string[];
    Created: string;
    Os: string;
  };
  expect(seen.Labels).toMatchObject({ 'ostree.commit': two, 'a.b': 'c', version: '5.1' });
  expect(seen.Labels['rpmostree.inputhash']).toMatch(/^[0-9a-f]{64}$/);
  const config = JSON.parse(sh('skopeo', ['inspect', '--config', `oci:${image}:now`])) as {
    rootfs: { diff_ids: string[] };
    config: { Cmd: string[] };
  };
  expect(config.config.Cmd).toEqual(['/usr/bin/sh', '-l']);
  expect(seen.Labels['ostree.final-diffid']).toBe(config.rootfs.diff_ids.at(-1));
  const manifest = manifestOf(image, 'now');
  expect(manifest.layers.slice(1).every((l) => l.annotations?.['ostree.components'])).toBe(true);
  // what tar makes of the first layer and of alpha's
  const first = sh('tar', ['-tvzf', path.join(image, 'blobs/sha256', manifest.layers[0]!.digest.slice(7))]);
  expect(first).toContain(`sysroot/ostree/repo/objects/${two.slice(0, 2)}/${two.slice(2)}.commit`);
  expect(first).toMatch(/drwxr-xr-x 0\/0\s+0 1970-01-01 00:00 etc\//);
  const alpha = manifest.layers.find((l) => l.annotations?.['ostree.components']?.split(',').includes('alpha'))!;
  const root = at('unpacked');
  mkdirSync(root);
  for (const layer of [manifest.layers[0]!, alpha])
    sh('tar', ['-xzf', path.join(image, 'blobs/sha256', layer.digest.slice(7)), '-C', root]);
  expect(readFileSync(path.join(root, 'etc/alpha.conf'), 'utf8')).toBe('alpha\n');
  expect(readFileSync(path.join(root, 'usr/share/alpha/link'), 'utf8')).toBe(content('alpha', '1'));
  expect(sh('stat', ['-c', '%a %u %h', path.join(root, 'usr/bin/ping')])).toBe('4755 0 2');

  const back = at('back');
  sh('ostree', [`--repo=${back}`, 'init', '--mode=archive']);
  // what killed ones left; in the walls every process has the same number
  for (const name of ['image-2', 'image-3', 'image-4', 'image-0123456789abcdef']) mkdirSync(path.join(back, 'tmp', name));
  expect(await ok('container-unencapsulate', `oci:${image}:now`, `--repo=${back}`, '--write-ref=from/image')).toContain(
    `from/image => ${two}`,
  );
  expect(readdirSync(path.join(back, 'tmp')).filter((name) => name.startsWith('image-'))).toEqual([]);
  expect(sh('ostree', [`--repo=${back}`, 'rev-parse', 'from/image'])).toBe(two);
  f.fsck(back);
  expect(sh('ostree', [`--repo=${back}`, 'ls', '-R', '-X', '-C', 'from/image'])).toBe(f.ostree('ls', '-R', '-X', '-C', ref));

  const again = at('again');
  await ok(
    'container-encapsulate',
    ref,
    `oci:${again}:now`,
    `--repo=${f.repo}`,
    '--label=a.b=c',
    '--copymeta-opt=rpmostree.inputhash',
    '--cmd=/usr/bin/sh',
    '--cmd=-l',
  );
  expect(manifestOf(again, 'now')).toEqual(manifest);
  await ok('container-encapsulate', ref, `oci-archive:${at('a.tar')}`, `--repo=${f.repo}`);
  await ok('container-encapsulate', ref, `oci-archive:${at('b.tar')}`, `--repo=${f.repo}`);
  expect(readFileSync(at('a.tar')).equals(readFileSync(at('b.tar')))).toBe(true);
  expect((JSON.parse(sh('skopeo', ['inspect', `oci-archive:${at('a.tar')}`])) as typeof seen).Labels['ostree.commit']).toBe(two);
});

test('an update keeps the layers of what didn’t change, also when layers are few', async () => {
  for (const most of [64, 5]) {
    const image = at(`update-${most}`);
    await ok('container-encapsulate', one, `oci:${image}:v`, `--repo=${f.repo}`, `--max-layers=${most}`);
    const before = manifestOf(image, 'v');
    expect(before.layers.length).toBeLessThanOrEqual(most);
    const text = await ok('container-encapsulate', two, `oci:${image}:v`, `--repo=${f.repo}`, `--max-layers=${most}`);
    const after = manifestOf(image, 'v');
    const had = new Set(before.layers.map((l) => l.digest));
    const shared = after.layers.filter((l) => had.has(l.digest)).length;
    // new are: the commit's layer, gamma's, the database's, lambda's or that which took lambda, and that with the version in os-release
    expect(after.layers.length - shared).toBeLessThanOrEqual(5);
    if (most === 64) expect(shared).toBe(10);
    expect(text).toContain(`${shared} as before`);
    // blobs of the image before are gone
    expect(
      before.layers
        .filter((l) => !after.layers.some((a) => a.digest === l.digest))
        .some((l) => existsSync(path.join(image, 'blobs/sha256', l.digest.slice(7)))),
    ).toBe(false);
    expect(after.layers.flatMap((l) => l.annotations?.['ostree.components']?.split(',') ?? []).sort()).toEqual(
      [...names, 'lambda', 'filesystem', 'rpmdb', 'testshell'].sort(),
    );
  }
});

/** What lies beside an image of a layout, by its type: the layer's bytes, and the manifest as skopeo and the format know it. */
function besideOf(directory: string): Map<string, { readonly bytes: Buffer; readonly manifest: Record<string, unknown> }> {
  const blob = (digest: string): Buffer => readFileSync(path.join(directory, 'blobs/sha256', digest.slice(7)));
  const index = JSON.parse(readFileSync(path.join(directory, 'index.json'), 'utf8')) as {
    manifests: { digest: string; artifactType?: string; annotations?: Record<string, string> }[];
  };
  const named = index.manifests.flatMap((m) => m.annotations?.['org.treeline.referrers']?.split(' ') ?? []);
  const found = [...index.manifests.filter((m) => m.artifactType !== undefined).map((m) => m.digest), ...named];
  return new Map(
    found.map((digest) => {
      const manifest = JSON.parse(blob(digest).toString()) as { artifactType: string; layers: { digest: string }[] };
      return [manifest.artifactType, { bytes: blob(manifest.layers[0]!.digest), manifest: { ...manifest } }];
    }),
  );
}

test('what a release changes lies beside its image, and the image is taken as ever', async () => {
  const image = at('beside');
  await ok('container-encapsulate', one, `oci:${image}:v`, `--repo=${f.repo}`);
  const text = await ok('container-encapsulate', two, `oci:${image}:v`, `--repo=${f.repo}`, '--sbom=cyclonedx');
  // gamma and lambda are new: their payload is less than what the commit, database and version bring besides
  const [, layers, all, ratio] =
    /^This update: [\d.,]+ \w+ in (\d+) of (\d+) layers; changed packages’ payload: [\d.,]+ \w+; ratio: ([\d.]+)$/m.exec(text) ?? [];
  expect(Number(layers)).toBe(5);
  expect(Number(all)).toBe(manifestOf(image, 'v').layers.length);
  expect(Number(ratio)).toBeGreaterThan(1);
  const found = besideOf(image);
  expect([...found.keys()].sort()).toEqual(['application/vnd.cyclonedx+json', changesType]);
  const told = readImageChanges(found.get(changesType)!.bytes, 'it');
  expect(told?.commit).toBe(two);
  expect(told?.changes?.packages.map((p) => `${p.kind} ${p.name}`).sort()).toEqual(['added lambda', 'upgraded gamma']);
  expect(told?.history.map((r) => r.checksum)).toEqual([one]);
  const rows = f.ostree('show', '--print-metadata-key=rpmostree.rpmdb.pkglist', two);
  for (const [name] of told?.packages ?? []) expect(rows).toContain(`'${name}'`);
  expect(found.get(changesType)!.bytes.length).toBeLessThan(4000);
  const raw = execFileSync('skopeo', ['inspect', '--raw', `oci:${image}:v`]);
  expect(found.get(changesType)!.manifest).toMatchObject({
    subject: { digest: `sha256:${createHash('sha256').update(raw).digest('hex')}`, size: raw.length },
    annotations: { 'org.opencontainers.image.version': '5.1' },
  });
  const bom = JSON.parse(found.get('application/vnd.cyclonedx+json')!.bytes.toString()) as { components: { purl: string }[] };
  expect(bom.components.map((c) => c.purl)).toContain('pkg:rpm/gamma@2-1?arch=noarch');
  // other tools: by the tag out of the layout, into an archive, and from there back
  sh('skopeo', ['copy', '-q', `oci:${image}:v`, `oci-archive:${at('beside-copy.tar')}:v`]);
  sh('skopeo', ['copy', '-q', `oci-archive:${at('beside-copy.tar')}:v`, `dir:${at('beside-dir')}`]);
  const back = at('beside-back');
  sh('ostree', [`--repo=${back}`, 'init', '--mode=archive']);
  expect(await ok('container-unencapsulate', `oci:${image}`, `--repo=${back}`)).toContain(two);
  // without a tag the image is the only entry, as tools that are given none want it; also in an archive
  const bare = at('bare');
  await ok('container-encapsulate', two, `oci:${bare}`, `--repo=${f.repo}`);
  await ok('container-encapsulate', two, `oci-archive:${at('bare.tar')}`, `--repo=${f.repo}`);
  for (const place of [`oci:${bare}`, `oci-archive:${at('bare.tar')}`]) {
    sh('rm', ['-rf', at('bare-dir')]);
    sh('skopeo', ['copy', '-q', place, `dir:${at('bare-dir')}`]);
  }
  expect(besideOf(bare).get(changesType)?.bytes.equals(found.get(changesType)!.bytes)).toBe(true);
  mkdirSync(at('bare-unpacked'));
  sh('tar', ['-xf', at('bare.tar'), '-C', at('bare-unpacked')]);
  expect(besideOf(at('bare-unpacked')).has(changesType)).toBe(true);
  // twice the same bytes, with a tag, too
  for (const name of ['a', 'b'])
    await ok('container-encapsulate', two, `oci-archive:${at(`tagged-${name}.tar`)}:t`, `--repo=${f.repo}`, '--sbom=spdx');
  expect(readFileSync(at('tagged-a.tar')).equals(readFileSync(at('tagged-b.tar')))).toBe(true);
  expect(await ok('container-unencapsulate', `oci-archive:${at('tagged-a.tar')}:t`, `--repo=${back}`)).toContain(two);
  // asked not to; and where it can’t be
  const plain = at('plain');
  expect(await ok('container-encapsulate', two, `oci:${plain}:v`, `--repo=${f.repo}`, '--no-changes')).not.toContain('Beside it');
  expect(besideOf(plain).size).toBe(0);
  expect(await ok('container-encapsulate', two, `dir:${at('a-dir')}`, `--repo=${f.repo}`)).not.toContain('Beside it');
  expect(await fails('container-encapsulate', two, `dir:${at('b-dir')}`, `--repo=${f.repo}`, '--sbom=spdx')).toContain('dir: can’t hold');
  expect(await fails('container-encapsulate', two, `oci:${plain}:v`, `--repo=${f.repo}`, '--sbom=xml')).toContain('“xml”');
});

test('the configuration names what is in each layer, shortly', async () => {
  const image = at('named');
  await ok('container-encapsulate', two, `oci:${image}:v`, `--repo=${f.repo}`);
  const text = sh('skopeo', ['inspect', '--config', '--raw', `oci:${image}:v`]);
  const { history, created } = JSON.parse(text) as { history: { created: string; created_by: string }[]; created: string };
  const { layers } = manifestOf(image, 'v');
  expect(history).toHaveLength(layers.length);
  const gamma = layers.findIndex((l) => l.annotations?.['ostree.components'] === 'gamma');
  expect(history[gamma]?.created_by).toBe('gamma-2-1.noarch');
  expect(history[layers.findIndex((l) => l.annotations?.['ostree.components'] === 'rpmdb')]?.created_by).toBe('rpmdb');
  expect(history.every((h) => h.created === created)).toBe(true);
  expect(text.length).toBeLessThan(layers.length * 256);
});

test('a registry takes it; the commit comes back from there', async () => {
  const registry = await RealRegistry.start(at('registry'));
  try {
    const image = `docker://${registry.host}/os/base:latest`;
    await ok('container-encapsulate', ref, image, `--repo=${f.repo}`, '--no-tls-verify');
    const seen = JSON.parse(sh('skopeo', ['inspect', '--tls-verify=false', image])) as { Labels: Record<string, string>; Layers: string[] };
    expect(seen.Labels['ostree.commit']).toBe(two);
    // what lies beside it goes there, too: a registry without the referrers API lists it under a tag
    await ok('container-encapsulate', two, image, `--repo=${f.repo}`, '--no-tls-verify', '--sbom=spdx');
    const digest = sh('skopeo', ['inspect', '--tls-verify=false', '--format={{.Digest}}', image]);
    const index = JSON.parse(
      sh('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/os/base:${digest.replace(':', '-')}`]),
    ) as { manifests: { artifactType: string; digest: string }[] };
    expect(index.manifests.map((each) => each.artifactType).sort()).toEqual(['application/spdx+json', changesType]);
    const own = index.manifests.find((each) => each.artifactType === changesType)?.digest;
    expect(JSON.parse(sh('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/os/base@${own}`]))).toMatchObject({
      artifactType: changesType,
      subject: { digest },
    });
    const back = at('from-registry');
    sh('ostree', [`--repo=${back}`, 'init', '--mode=bare-user']);
    expect(await ok('container-unencapsulate', image, `--repo=${back}`, '--no-tls-verify', '--write-ref=r')).toContain(two);
    f.fsck(back);
    expect(
      await fails('container-unencapsulate', `docker://${registry.host}/os/none:latest`, `--repo=${back}`, '--no-tls-verify'),
    ).toContain('can’t be moved');
  } finally {
    await registry.stop();
  }
});

test('compose image: from the treefile to the archive, nothing to do twice', async () => {
  const treefile = f.treefile(`packages: [alpha, beta, filesystem]\nref: test/x86_64/image\nautomatic-version-prefix: "1"\n`, 'image.yaml');
  const output = at('os.ociarchive');
  const touched = at('touched');
  const args = ['image', treefile, output, `--cachedir=${f.cachedir}`, '--label=k=v', `--touch-if-changed=${touched}`];
  expect(await fails(...args, '--initialize-mode=never')).toContain('nothing was made');
  const text = await ok(...args);
  expect(text).toMatch(/^Commit: [0-9a-f]{64}$/m);
  expect(existsSync(touched)).toBe(true);
  const commit = /Commit: ([0-9a-f]{64})/.exec(text)?.[1];
  expect((JSON.parse(sh('skopeo', ['inspect', `oci-archive:${output}`])) as { Labels: Record<string, string> }).Labels).toMatchObject({
    'ostree.commit': commit,
    k: 'v',
    version: '1',
  });
  expect(await ok(...args)).toContain('No change');
  f.add({ ...pkg('beta', '2') });
  expect(await ok(...args)).toMatch(/Layers: \d+, .*\d as before/);
  expect(await fails('image', treefile, output, '--format=zip')).toContain('zip');
});

test('damaged and foreign images are refused; nothing of them becomes visible', async () => {
  const image = at('damage');
  await ok('container-encapsulate', ref, `oci:${image}`, `--repo=${f.repo}`);
  const back = at('damage-back');
  sh('ostree', [`--repo=${back}`, 'init', '--mode=archive']);
  const blob = path.join(image, 'blobs/sha256', manifestOf(image).layers[2]!.digest.slice(7));
  const bytes = readFileSync(blob);
  execFileSync('sh', ['-c', `printf x | dd of=${blob} bs=1 seek=${Math.floor(bytes.length / 2)} conv=notrunc status=none`]);
  expect(await fails('container-unencapsulate', `oci:${image}`, `--repo=${back}`, '--write-ref=x')).toMatch(/Damaged|makes no sense/);
  expect(sh('ostree', [`--repo=${back}`, 'refs'])).toBe('');
  const foreign = at('foreign');
  mkdirSync(path.join(foreign, 'rootfs'), { recursive: true });
  await ok('container-encapsulate', ref, `oci:${foreign}:x`, `--repo=${f.repo}`, '--label=ostree.commit=none');
  expect(await fails('container-unencapsulate', `oci:${foreign}:x`, `--repo=${back}`)).toContain('Not an image of an OSTree commit');
  expect(await fails('container-unencapsulate', `oci:${foreign}:y`, `--repo=${back}`)).toContain('no such image');
  expect(await fails('container-encapsulate', ref, 'foreign', `--repo=${f.repo}`)).toContain('no image reference');
  expect(await fails('container-encapsulate', ref, `oci:${foreign}`, `--repo=${f.repo}`, '--max-layers=1')).toContain('2 layers');
});

test('layers are balanced, and stay what they were', () => {
  const component = (name: string, sizeBytes: number, changesPerYear = 0): Component => ({
    name,
    sizeBytes,
    changesPerYear,
    objects: [name],
  });
  const many = Array.from({ length: 200 }, (_, i) => component(`p${i}`, 1000 + ((i * 7919) % 5000), i % 10 === 0 ? 12 : 1));
  const all = [component('huge', 4_000_000), component('large', 900_000), ...many];
  const layers = dealChunks(all, 20);
  expect(layers).toHaveLength(20);
  expect(
    layers
      .flat()
      .map((c) => c.name)
      .sort(),
  ).toEqual(all.map((c) => c.name).sort());
  expect(layers.some((l) => l.length === 1 && l[0]?.name === 'huge')).toBe(true);
  expect(layers.filter((l) => l.some((c) => c.changesPerYear > 6)).every((l) => l.every((c) => c.changesPerYear > 6))).toBe(true);
  // a little growth moves nothing, even without an earlier manifest
  const grown = all.map((c) => ({ ...c, sizeBytes: c.sizeBytes + 1 }));
  const text = (l: readonly Component[]): string => l.map((c) => c.name).join();
  const same = dealChunks(grown, 20).filter((l) => layers.some((old) => text(old) === text(l))).length;
  expect(same).toBeGreaterThanOrEqual(18);
  // with one, only a new component moves, and what went leaves a gap
  const next = [...grown.filter((c) => c.name !== 'p5'), component('new', 10)];
  const kept = dealChunks(
    next,
    20,
    layers.map((l) => l.map((c) => c.name)),
  );
  expect(kept.filter((l) => layers.some((old) => text(old) === text(l))).length).toBeGreaterThanOrEqual(18);
  expect(dealChunks([], 5)).toEqual([]);
  expect(parseReference('oci:/a/b:c')).toEqual({ transport: 'oci', name: '/a/b', tag: 'c' });
  expect(parseReference('oci:/a/b')).toEqual({ transport: 'oci', name: '/a/b' });
  expect(parseReference('registry:h:5000/x')).toEqual({ transport: 'docker', name: '//h:5000/x' });
});
