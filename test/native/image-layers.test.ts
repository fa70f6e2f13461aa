// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OciDirectory } from '../../main/engine/images/oci.ts';
import {
  importImage,
  missingLayers,
  storedImageCommit,
  type ImportedImage,
  type WantedImage,
} from '../../main/engine/images/store/import-image.ts';
import { blobRef, imageRef } from '../../main/engine/images/store/ref-names.ts';
import { openImageSink } from '../../main/native/ostree/image-objects.ts';
import { silent } from '../fixtures/job-context.ts';
import { layerTar, testPolicy, writeImage, type LayerEntry, type TestLayer } from '../fixtures/layer-image.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeOk as ok, ComposeFixture } from './compose-fixture.ts';
import { sh } from './publish-fixture.ts';

/** On a disk: umoci sets attributes that tmpfs hasn't got. */
const directory = mkdtempSync(path.join(tmpdir(), 'treeline-image-layers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const at = (...parts: string[]): string => path.join(directory, ...parts);
const name = 'docker://localhost:5000/os/plain:latest';

function wanted(image: string): { image: WantedImage; fileOf: (digest: string) => string } {
  const oci = new OciDirectory(image);
  const { digest, manifest } = oci.manifest('now')!;
  const found = { digest, bytes: oci.readBlob(digest), manifest };
  const configText = oci.readBlob(manifest.config.digest).toString('utf8');
  return { image: { name, found, config: oci.config(manifest), configText }, fileOf: (each) => oci.blobPath(each) };
}

async function take(repo: string, from: string): Promise<ImportedImage> {
  const { image, fileOf } = wanted(from);
  using sink = openImageSink(repo);
  return await importImage(image, sink, fileOf, silent);
}

function newRepo(called: string, mode = 'bare'): string {
  sh('ostree', [`--repo=${at(called)}`, 'init', `--mode=${mode}`]);
  return at(called);
}

function checkout(repo: string, commit: string, called: string): string {
  sh('ostree', [`--repo=${repo}`, 'checkout', commit, at(called)]);
  return at(called);
}

/** Each file of a tree: type, mode, owner, content or target, and the attributes that images bring. */
function facts(root: string): Map<string, string> {
  const all = new Map<string, string>();
  const xattrs = new Map<string, string[]>();
  const told = execFileSync('getfattr', ['-Rhd', '-m', '^(user|security.capability)', '-e', 'hex', '.'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  for (const part of told.split('\n\n')) {
    const [file = '', ...lines] = part.split('\n');
    if (file !== '') xattrs.set(file.replace('# file: ', ''), lines.sort());
  }
  const walk = (below: string): void => {
    const stat = lstatSync(path.join(root, below));
    const content = stat.isSymbolicLink()
      ? `-> ${readlinkSync(path.join(root, below))}`
      : stat.isFile()
        ? createHash('sha256')
            .update(readFileSync(path.join(root, below)))
            .digest('hex')
        : 'directory';
    const mode = stat.isSymbolicLink() ? '' : (stat.mode & 0o7777).toString(8);
    all.set(below, [mode, stat.uid, stat.gid, content, ...(xattrs.get(below) ?? [])].join(' '));
    if (stat.isDirectory()) for (const each of readdirSync(path.join(root, below))) walk(path.join(below, each));
  };
  walk('.');
  return all;
}

/** What other tools made of an image, as a commit has it: /etc in /usr/etc, and nothing in places that the running system fills. */
function asCommit(root: string): Map<string, string> {
  const filled = /^(?:run|tmp|proc|sys|dev|var|sysroot|ostree)\//;
  return new Map(
    [...facts(root)].filter(([file]) => !filled.test(file)).map(([file, fact]) => [file.replace(/^etc(?=\/|$)/, 'usr/etc'), fact]),
  );
}

const object = (map: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries([...map].sort());

const cap = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const dir = (called: string, more: Partial<LayerEntry> = {}): LayerEntry => ({ name: `${called}/`, type: '5', mode: 0o755, ...more });
const contexts = '/.*\tsystem_u:object_r:root_t:s0\n/usr/bin(/.*)?\tsystem_u:object_r:bin_t:s0\n/etc(/.*)?\tsystem_u:object_r:etc_t:s0\n';

const first: LayerEntry[] = [
  dir('.'),
  ...['usr', 'usr/bin', 'usr/lib', 'usr/lib/modules', 'usr/lib/modules/6.1', 'usr/share', 'usr/share/opq', 'usr/share/opq/deep'].map(
    (each) => dir(each),
  ),
  ...['etc', 'var', 'var/lib', 'run', 'dev', 'proc', 'sys', 'tmp', 'boot', 'sysroot'].map((each) => dir(each)),
  dir('root', { mode: 0o700, uid: 3, gid: 4 }),
  { name: 'usr/lib/modules/6.1/vmlinuz', content: 'kernel' },
  { name: 'usr/bin/tool', content: 'tool', mode: 0o4755 },
  { name: 'usr/bin/tool2', type: '1', link: 'usr/bin/tool' },
  {
    name: 'usr/bin/ping',
    content: 'ping',
    mode: 0o755,
    pax: {
      'SCHILY.xattr.security.capability': cap,
      'SCHILY.xattr.user.note': 'kept',
      'SCHILY.xattr.security.selinux': 'system_u:object_r:container_file_t:s0\0',
    },
  },
  { name: 'usr/bin/owned', content: 'owned', mode: 0o2711, uid: 1000, gid: 1001 },
  { name: 'usr/share/grün/ß', content: 'x' },
  ...['a', 'b', 'c', 'turns', 'opq/x', 'opq/y', 'opq/deep/z'].map((each): LayerEntry => ({ name: `usr/share/${each}`, content: each })),
  { name: 'etc/conf', content: 'first', mode: 0o600, uid: 5, gid: 6 },
  { name: 'etc/gone', content: 'gone' },
  { name: 'bin', type: '2', link: 'usr/bin' },
  { name: 'var/lib/state', content: 'state' },
  { name: 'run/x', content: 'x' },
  { name: 'x', pax: { path: `usr/share/${'long'.repeat(40)}/${'name'.repeat(40)}` }, content: 'long' },
];
const second: LayerEntry[] = [
  // no entries of /, usr, root: those stay as they were
  { name: 'root/file', content: 'in a private place' },
  { name: 'usr/share/.wh.a' },
  { name: 'usr/share/opq/.wh..wh..opq' },
  { name: 'usr/share/opq/new', content: 'new' },
  { name: 'etc/.wh.gone' },
  { name: 'usr/bin/tool', content: 'tool, anew', mode: 0o755 },
  { name: 'usr/bin/again', type: '1', link: 'usr/bin/ping' },
  dir('usr/share/turns', { mode: 0o750, gid: 7 }),
  { name: 'usr/share/turns/into', content: 'a directory' },
  { name: 'usr/share/c', type: '2', link: '../../../../etc/shadow' },
  { name: 'etc/conf', content: 'second', mode: 0o640 },
];

const layer = (entries: readonly LayerEntry[]): TestLayer => ({ tar: layerTar(entries) });
const umoci = (image: string, bundle: string): string => {
  sh('umoci', ['unpack', '--image', `${image}:now`, at(bundle)]);
  return at(bundle, 'rootfs');
};

test('an image of files: each file is as umoci makes it, whatever it was packed with', async () => {
  const layers = [layer(first), layer(second)];
  writeImage(at('plain'), layers);
  const repo = newRepo('plain-repo');
  const taken = await take(repo, at('plain'));
  expect(taken).toMatchObject({ newLayers: 2, baseCommit: taken.commit });
  sh('ostree', [`--repo=${repo}`, 'fsck', '-q']);
  const truth = asCommit(umoci(at('plain'), 'plain-bundle'));
  truth.set('ostree', ' 0 0 -> sysroot/ostree');
  expect(object(facts(checkout(repo, taken.commit, 'plain-tree')))).toEqual(object(truth));
  expect(truth.get('root')).toBe('700 3 4 directory');
  expect(truth.get('usr/bin/again')).toMatch(/security\.capability=0x01000002/);
  {
    using sink = openImageSink(repo);
    const filtered = sink.repo.loadCommit(taken.commit).value('ostree.tar-filtered', 'a{sa{su}}');
    expect([...(filtered?.values() ?? [])].map((names) => Object.fromEntries(names))).toEqual([{ run: 1, var: 2 }]);
  }

  // a stored layer is its files, whiteouts with them
  const rows = sh('ostree', [`--repo=${repo}`, 'ls', '-R', blobRef(wanted(at('plain')).image.found.manifest.layers[1]!.digest)]);
  for (const file of ['/usr/share/.wh.a', '/usr/share/opq/.wh..wh..opq', '/usr/etc/.wh.gone', '/usr/etc/conf'])
    expect(rows).toContain(file);
  {
    using sink = openImageSink(repo);
    expect(storedImageCommit(sink.repo, wanted(at('plain')).image)).toBe(taken.commit);
    expect(missingLayers(sink.repo, wanted(at('plain')).image)).toEqual([]);
  }
  // from the stored layers alone, the same
  sh('ostree', [`--repo=${repo}`, 'prune', '--refs-only']);
  expect(await take(repo, at('plain'))).toMatchObject({ commit: taken.commit, newLayers: 0, objects: 0 });

  const pack = (program: string, tar: Buffer): Buffer => execFileSync(program, ['-c'], { input: tar });
  writeImage(
    at('zstd'),
    layers.map(({ tar }) => ({ tar, packed: pack('zstd', tar), mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' })),
  );
  writeImage(
    at('trailing'),
    layers.map(({ tar }) => ({ tar, packed: Buffer.concat([gzipSync(tar), Buffer.alloc(100_000, 'trailing')]) })),
  );
  const tree = (where: string, commit: string): string => sh('ostree', [`--repo=${where}`, 'ls', '-R', '-X', '-C', commit]);
  for (const [image, mode] of [
    ['zstd', 'bare-user'],
    ['trailing', 'archive'],
  ] as const) {
    const other = newRepo(`${image}-repo`, mode);
    const { commit } = await take(other, at(image));
    expect(tree(other, commit)).toBe(tree(repo, taken.commit));
    sh('ostree', [`--repo=${other}`, 'fsck', '-q']);
  }
});

test('labels are those of the policy that the whole image has, wherever it comes from', async () => {
  writeImage(at('labelled'), [layer(first), layer([...second, ...testPolicy('etc', contexts)])]);
  const repo = newRepo('labelled-repo');
  const { commit } = await take(repo, at('labelled'));
  sh('ostree', [`--repo=${repo}`, 'fsck', '-q']);
  const label = (of: string, file: string): string =>
    execFileSync('getfattr', ['--absolute-names', '-h', '--only-values', '-n', 'security.selinux', path.join(of, file)], {
      encoding: 'utf8',
    }).replace(/\0$/, '');
  const tree = checkout(repo, commit, 'labelled-tree');
  const expected = {
    'usr/bin/ping': 'bin_t',
    'usr/bin/tool': 'bin_t',
    'usr/bin': 'bin_t',
    'usr/etc/conf': 'etc_t',
    'usr/etc': 'etc_t',
    ostree: 'root_t',
    bin: 'root_t',
    'root/file': 'root_t',
    '.': 'root_t',
  };
  for (const [file, type] of Object.entries(expected)) expect([file, label(tree, file)]).toEqual([file, `system_u:object_r:${type}:s0`]);

  // another policy on layers that are here: all have its labels, and the layers' commits too
  writeImage(at('relabelled'), [
    layer(first),
    layer([...second, ...testPolicy('etc', contexts)]),
    layer(testPolicy('etc', contexts.replace('bin_t', 'program_t'))),
  ]);
  const again = await take(repo, at('relabelled'));
  expect(again.newLayers).toBe(1);
  sh('ostree', [`--repo=${repo}`, 'fsck', '-q']);
  const newTree = checkout(repo, again.commit, 'relabelled-tree');
  for (const file of ['usr/bin/ping', 'usr/bin', 'usr/bin/again']) expect(label(newTree, file)).toBe('system_u:object_r:program_t:s0');
  const ofLayer = checkout(repo, blobRef(wanted(at('relabelled')).image.found.manifest.layers[0]!.digest), 'relabelled-layer');
  expect(label(ofLayer, 'usr/bin/ping')).toBe('system_u:object_r:program_t:s0');
  expect(facts(newTree).get('usr/bin/ping')).toBe(facts(tree).get('usr/bin/ping'));
  // as it was made anew
  const fresh = newRepo('fresh-repo');
  expect((await take(fresh, at('relabelled'))).commit).toBe(again.commit);
});

test('an image without a kernel is no system, and one with a hostile layer leaves nothing behind', async () => {
  const repo = newRepo('refusing');
  writeImage(at('container'), [layer(first.filter((each) => each.name !== 'usr/lib/modules/6.1/vmlinuz'))]);
  await expect(take(repo, at('container'))).rejects.toMatchObject({ code: 'container.not-bootable', report: { subject: name } });
  writeImage(at('hostile'), [layer(first), layer([{ name: 'usr/null', type: '3' }])]);
  await expect(take(repo, at('hostile'))).rejects.toMatchObject({ code: 'container.layer-refused' });
  writeImage(at('kernel-gone'), [layer(first), layer([{ name: 'usr/lib/.wh.modules' }])]);
  await expect(take(repo, at('kernel-gone'))).rejects.toMatchObject({ code: 'container.not-bootable' });
  expect(sh('ostree', [`--repo=${repo}`, 'refs'])).toBe('');
  expect(sh('find', [at('refusing', 'objects'), '-type', 'f'])).toBe('');
});

let f: ComposeFixture;
beforeAll(async () => {
  f = new ComposeFixture();
  const files = {
    '/usr/bin/alpha': { content: 'alpha '.repeat(500), mode: '0755' },
    '/usr/bin/ping': { content: 'p', mode: '4755', caps: 'cap_net_raw=p' },
    '/usr/share/alpha/text': { content: 'text' },
    '/usr/share/alpha/link': { symlink: '../../bin/alpha' },
    '/etc/alpha.conf': { content: 'as it came' },
    '/usr/lib/modules/6.1/vmlinuz': { content: 'kernel' },
    '/usr/lib/modules/6.1/initramfs.img': { content: 'initramfs' },
  };
  f.add(filesystemPackage, shellPackage(), { name: 'alpha', version: '1', files });
  await f.compose(f.treefile('packages: [alpha, testshell, filesystem]\n'));
  await ok('container-encapsulate', 'test/x86_64/base', `oci:${at('base')}:now`, `--repo=${f.repo}`);
});
afterAll(() => f.dispose());

test('layers that a container build put on top of a commit: each file is as umoci has it, and the commit’s own stay', async () => {
  sh('cp', ['-a', at('base'), at('derived')]);
  sh('umoci', ['unpack', '--image', `${at('derived')}:now`, at('work')]);
  const root = at('work/rootfs');
  mkdirSync(path.join(root, 'usr/share/more'), { mode: 0o750 });
  writeFileSync(path.join(root, 'usr/share/more/file'), 'more');
  writeFileSync(path.join(root, 'etc/alpha.conf'), 'changed by the build');
  writeFileSync(path.join(root, 'etc/new.conf'), 'new', { mode: 0o600 });
  mkdirSync(path.join(root, 'var/cache/build'), { recursive: true });
  writeFileSync(path.join(root, 'var/cache/build/left'), 'left');
  sh('rm', ['-r', path.join(root, 'usr/share/alpha')]);
  sh('umoci', ['repack', '--image', `${at('derived')}:now`, at('work')]);
  const { image } = wanted(at('derived'));
  expect(image.config.config?.Labels?.['ostree.commit']).toBeDefined();

  const repo = newRepo('derived-repo');
  const base = await take(repo, at('base'));
  const derived = await take(repo, at('derived'));
  expect(derived).toMatchObject({ newLayers: 1, baseCommit: base.baseCommit, removedLayers: 0 });
  sh('ostree', [`--repo=${repo}`, 'fsck', '-q']);
  const [before, after] = [facts(checkout(repo, base.commit, 'base-tree')), facts(checkout(repo, derived.commit, 'derived-tree'))];
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file)).sort();
  expect(changed.filter((file) => !['.', 'usr', 'usr/etc', 'usr/share'].includes(file))).toEqual([
    ...['usr/etc/alpha.conf', 'usr/etc/new.conf', 'usr/share/alpha', 'usr/share/alpha/link', 'usr/share/alpha/text'],
    ...['usr/share/more', 'usr/share/more/file'],
  ]);
  const truth = asCommit(umoci(at('derived'), 'derived-bundle'));
  const files = (map: ReadonlyMap<string, string>): Record<string, string> =>
    object(
      new Map(
        [...map].filter(([file]) => file.startsWith('usr/')).map(([file, fact]) => [file, fact.replace(/ security\.capability=.*/, '')]),
      ),
    );
  expect(files(after)).toEqual(files(truth));
  // the form of layers keeps the commit's own attributes, which no container tool sees
  expect(after.get('usr/bin/ping')).toMatch(/security\.capability/);
  const filtered = sh('ostree', [`--repo=${repo}`, 'show', '--print-metadata-key=ostree.tar-filtered', derived.commit]);
  expect(filtered).toContain(`'var': `);

  // the layer is kept while an image names it
  const ref = blobRef(image.found.manifest.layers.at(-1)!.digest);
  expect(sh('ostree', [`--repo=${repo}`, 'refs', '--list', 'ostree/container/blob'])).toContain(ref);
  expect(await take(repo, at('base'))).toMatchObject({ removedLayers: 1 });
  expect(sh('ostree', [`--repo=${repo}`, 'refs'])).not.toContain(ref);
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', imageRef(name)])).toBe(base.commit);
});

test('an image of a commit whose labels were stripped is one of files: the same files', async () => {
  const repo = newRepo('stripped-repo');
  const { image, fileOf } = wanted(at('base'));
  using sink = openImageSink(repo);
  const stripped = { ...image, config: { ...image.config, config: {} } };
  const { commit } = await importImage(stripped, sink, fileOf, silent);
  const truth = asCommit(umoci(at('base'), 'stripped-bundle'));
  const files = (map: ReadonlyMap<string, string>): Record<string, string> =>
    object(new Map([...map].filter(([file]) => file.startsWith('usr/'))));
  expect(files(facts(checkout(repo, commit, 'stripped-tree')))).toEqual(files(truth));
});
