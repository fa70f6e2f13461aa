// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeFails as fails, ComposeFixture, composeOk as ok, parseListing } from './compose-fixture.ts';
import { sh } from './publish-fixture.ts';

let f: ComposeFixture;
const kernel = { name: 'kernel', arch: 'x86_64', files: { '/boot/vmlinuz-6.1': 'vmlinuz', '/boot/initramfs-6.1.img': 'initramfs' } };
const names = ['alpha', 'beta', 'gamma', 'delta'];
const pkg = (name: string, version: string): Parameters<ComposeFixture['add']>[0] => ({
  name,
  version,
  files: {
    [`/usr/bin/${name}`]: { content: `${name} ${version} `.repeat(500), mode: '0755' },
    [`/usr/share/${name}/grün`]: 'g',
    [`/usr/share/${name}/deep/link`]: { symlink: `../../../bin/${name}` },
    [`/etc/${name}.conf`]: `${name}\n`,
    ...(name === 'alpha'
      ? {
          // CAP_SETUID is a byte above 0x7f
          '/usr/bin/newuidmap': { content: 'n', mode: '0755', caps: 'cap_setuid=ep' },
          '/usr/bin/su': { content: 's', mode: '4755' },
        }
      : {}),
  },
});

interface Manifest {
  readonly layers: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}
interface Inspected {
  readonly Labels: Readonly<Record<string, string>>;
  readonly Layers: readonly string[];
}

const at = (...parts: string[]): string => path.join(f.directory, ...parts);
const manifestOf = (image: string): Manifest => JSON.parse(sh('skopeo', ['inspect', '--raw', image])) as Manifest;
const inspect = (image: string): Inspected => JSON.parse(sh('skopeo', ['inspect', image])) as Inspected;
const componentsOf = ({ layers }: Manifest): string[] =>
  layers.flatMap((l) => l.annotations?.['ostree.components']?.split(',') ?? []).sort();
/** Every path of a directory with type, mode, owner, link target and the attributes that count, sorted. */
const plainListing = (root: string): string =>
  execFileSync(
    'sh',
    [
      '-c',
      'cd "$1" && find . -printf "%P %y %m %U %G %l\\n" | LC_ALL=C sort; getfattr -Rhd -m "^(user|security.capability)" .',
      'sh',
      root,
    ],
    {
      encoding: 'utf8',
    },
  );
/** The commit of an image, in a new repository. */
async function takeBack(image: string, name: string): Promise<(...args: string[]) => string> {
  const repo = at(name);
  sh('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  await ok('container-unencapsulate', image, `--repo=${repo}`, '--write-ref=back');
  f.fsck(repo);
  return (...args) => sh('ostree', [`--repo=${repo}`, ...args]);
}

let treefile: string;

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), kernel, ...names.map((name) => pkg(name, '1')));
  treefile = f.treefile(
    `packages: [${names.join(', ')}, kernel, testshell, filesystem]\ncontainer: false\nautomatic-version-prefix: "5"\n`,
  );
  await ok('rootfs', treefile, at('one'), `--cachedir=${f.cachedir}`);
  f.add(pkg('gamma', '2'));
  await ok('rootfs', treefile, at('two'), `--cachedir=${f.cachedir}`);
});
afterAll(() => f.dispose());

test('a root file system becomes an image by packages; its commit is what compose tree makes; the directory stays as it was', async () => {
  const image = `oci:${at('image')}`;
  const before = plainListing(at('one'));
  const text = await ok('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=${image}`, '--label=a.b=c');
  expect(plainListing(at('one'))).toBe(before);
  const seen = inspect(`${image}:latest`);
  expect(seen.Labels).toMatchObject({
    'containers.bootc': '1',
    'ostree.bootable': 'true',
    'ostree.linux': '6.1',
    version: '5',
    'a.b': 'c',
  });
  expect(text).toContain(`Commit: ${seen.Labels['ostree.commit']}`);
  expect(componentsOf(manifestOf(image))).toEqual([...names, 'filesystem', 'initramfs', 'rpmdb', 'testshell'].sort());

  const back = await takeBack(image, 'back');
  expect(back('rev-parse', 'back')).toBe(seen.Labels['ostree.commit']);
  await ok('tree', treefile, `--repo=${f.repo}`, `--cachedir=${f.cachedir}`, '--add-metadata-string=version=5');
  const differing = (left: Map<string, string>, right: Map<string, string>): string[] =>
    [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
  const made = parseListing(back('ls', '-R', 'back'));
  expect(differing(made, f.list()).filter((name) => !name.startsWith('/usr/share/rpm/'))).toEqual([]);
  expect(back('ls', '-X', 'back', '/usr/bin/newuidmap')).toContain('security.capability');
  expect(back('ls', '-X', 'back', '/usr/bin/newuidmap')).toBe(f.ostree('ls', '-X', 'test/x86_64/base', '/usr/bin/newuidmap'));
  expect(back('cat', 'back', '/usr/bin/gamma')).toContain('gamma 1');
  expect(back('show', '--print-metadata-key=rpmostree.rpmdb.pkglist', 'back')).toContain("'gamma', '0', '1', '1', 'noarch'");
});

test('a second build keeps the layers of what didn’t change: of the output, or of the previous build', async () => {
  const [first, second, third] = [`oci:${at('first')}`, `oci-archive:${at('second.tar')}`, `oci:${at('third')}`];
  await ok('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=${first}:v`, '--max-layers=5');
  const before = manifestOf(`${first}:v`);
  expect(before.layers).toHaveLength(5);
  const text = await ok(
    'build-chunked-oci',
    `--rootfs=${at('two')}`,
    '--bootc',
    `--output=${second}`,
    '--max-layers=5',
    `--previous-build=${first}:v`,
  );
  const had = new Set(before.layers.map((l) => l.digest));
  const after = manifestOf(second);
  const shared = after.layers.filter((l) => had.has(l.digest)).length;
  expect(shared).toBeGreaterThan(0);
  expect(text).toContain(`${shared} as before`);
  // what the image before had lies beside it: this one's commit is in no repository
  expect(text).toMatch(/^This update: .* in \d of 5 layers; changed packages’ payload: [\d.,]+ \w+; ratio: [\d.]+$/m);
  expect(text).toContain('Beside it: application/vnd.treeline.changes.v1+json');
  // of the commits, with a tag that was asked for: an entry of its own; without one the image is the only entry
  const entries = (directory: string): number =>
    (JSON.parse(readFileSync(at(directory, 'index.json'), 'utf8')) as { manifests: unknown[] }).manifests.length;
  expect([entries('first'), entries('image')]).toEqual([2, 1]);
  expect(after.layers.map((l) => l.annotations?.['ostree.components'])).toEqual(
    before.layers.map((l) => l.annotations?.['ostree.components']),
  );
  // what is at the output now does as well
  expect(await ok('build-chunked-oci', `--rootfs=${at('two')}`, '--bootc', `--output=${first}:v`, '--max-layers=5')).toContain(
    `${shared} as before`,
  );
  expect(inspect(`${second}:latest`).Layers).toHaveLength(5);
  await ok('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=${third}`, '--reference=stable');
  expect(inspect(`${third}:stable`).Labels['containers.bootc']).toBe('1');
});

test('format version 2: every layer has the directories of its files, as the tree has them', async () => {
  const image = `oci:${at('v2')}`;
  await ok('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=${image}`, '--format-version=2');
  const layer = manifestOf(image).layers.find((l) => l.annotations?.['ostree.components'] === 'alpha');
  const listing = sh('tar', ['-tvzf', path.join(at('v2'), 'blobs/sha256', layer!.digest.slice(7))]).split('\n');
  const rows = listing.filter((line) => !line.includes('sysroot/')).map((line) => line.replace(/ {2,}/g, ' '));
  for (const name of ['etc/', 'usr/', 'usr/bin/', 'usr/share/alpha/deep/'])
    expect(rows).toContain(`drwxr-xr-x 0/0 0 1970-01-01 00:00 ${name}`);
  expect(rows.findIndex((row) => row.endsWith(' usr/share/'))).toBeLessThan(rows.findIndex((row) => row.endsWith(' usr/share/alpha/')));
  const back = await takeBack(image, 'back-v2');
  expect(back('ls', '-R', 'back')).toContain('/usr/share/alpha/deep/link -> ../../../bin/alpha');
});

test('an image with a derived layer: whiteouts, replaced files, attributes, and what a container is run with', async () => {
  const base = at('base');
  await ok('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=oci:${base}:latest`);
  const derived = deriveImage(base);
  const image = `oci:${at('rechunked')}`;
  await ok('build-chunked-oci', `--from=${derived}`, '--bootc', `--output=${image}`, `--previous-build=oci:${base}:latest`);
  const [plain, back] = [await takeBack(`oci:${base}:latest`, 'back-base'), await takeBack(image, 'back-derived')];
  const [from, to] = [
    parseListing(plain('ls', '-R', '-X', 'back').replace(/ \{ [^}]*\}/g, '')),
    parseListing(back('ls', '-R', '-X', 'back').replace(/ \{ [^}]*\}/g, '')),
  ];
  const changed = [...new Set([...from.keys(), ...to.keys()])].filter((name) => from.get(name) !== to.get(name)).sort();
  expect(changed).toEqual([
    '/usr/bin/beta',
    '/usr/etc/added.conf',
    '/usr/etc/beta.conf',
    '/usr/share/beta/grün',
    '/usr/share/gamma/deep',
    '/usr/share/gamma/deep/link',
    '/usr/share/gamma/dev',
    '/usr/share/gamma/dev/kept',
    '/usr/share/gamma/grün',
    '/usr/share/gamma/new',
    '/var/tmp',
  ]);
  expect(back('cat', 'back', '/usr/bin/beta')).toBe('rebuilt');
  expect(back('ls', '-X', 'back', '/usr/bin/newuidmap')).toBe(plain('ls', '-X', 'back', '/usr/bin/newuidmap'));
  expect(back('ls', 'back', '/usr/bin/su')).toContain('-04755');
  const config = JSON.parse(sh('skopeo', ['inspect', '--config', image])) as {
    config: { Env: string[]; Cmd: string[]; Labels: Record<string, string> };
  };
  expect(config.config).toMatchObject({ Env: ['A=b'], Cmd: ['/sbin/init'], Labels: { derived: 'yes', 'containers.bootc': '1' } });
  // only what the derived layer touched is new
  expect(await ok('build-chunked-oci', `--from=${derived}`, '--bootc', `--output=${image}`)).toMatch(/, \d+ as before/);
});

/** Put one layer and a configuration over an image, as a container build does it. */
function deriveImage(base: string): string {
  const layer = at('layer');
  for (const name of ['usr/bin', 'usr/share/gamma/dev', 'etc', 'run', 'dev', 'escape'])
    mkdirSync(path.join(layer, name), { recursive: true });
  const files = {
    'usr/bin/beta': 'rebuilt',
    'usr/share/gamma/.wh..wh..opq': '',
    'usr/share/gamma/new': 'n',
    // only the top /dev is for devices
    'usr/share/gamma/dev/kept': 'k',
    'etc/added.conf': 'a',
    'etc/.wh.beta.conf': '',
    'run/pid': '1',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(layer, name), content);
  // a name that is no list of names, and whiteouts of names that tar writes in its own way
  const odd = path.join(layer, 'run/odd\nusr/share/alpha');
  mkdirSync(odd, { recursive: true });
  writeFileSync(path.join(odd, '.wh.deep'), '');
  mkdirSync(path.join(layer, 'usr/share/beta'));
  writeFileSync(path.join(layer, 'usr/share/beta/.wh.grün'), '');
  sh('rmdir', [path.join(layer, 'escape')]);
  const tar = at('layer.tar');
  sh('tar', ['-cf', tar, '-C', layer, '--owner=0', '--group=0', '.']);
  const derived = at('derived');
  sh('cp', ['-a', base, derived]);
  const sum = (file: string): string => sh('sha256sum', [file]).split(' ')[0] ?? '';
  const put = (text: string): { digest: string; size: number } => {
    const file = at('blob');
    writeFileSync(file, text);
    const digest = sum(file);
    sh('mv', [file, path.join(derived, 'blobs/sha256', digest)]);
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
  };
  const blob = (digest: string): string => readFileSync(path.join(derived, 'blobs/sha256', digest.slice(7)), 'utf8');
  const index = JSON.parse(readFileSync(path.join(derived, 'index.json'), 'utf8')) as { manifests: { digest: string; size: number }[] };
  const manifest = JSON.parse(blob(index.manifests[0]!.digest)) as { config: { digest: string }; layers: unknown[] };
  const config = JSON.parse(blob(manifest.config.digest)) as {
    config: { Labels: object };
    rootfs: { diff_ids: string[] };
    history: unknown[];
  };
  const digest = sum(tar);
  sh('cp', [tar, path.join(derived, 'blobs/sha256', digest)]);
  config.rootfs.diff_ids.push(`sha256:${digest}`);
  config.history.push({ created_by: 'a build' });
  config.config = { ...config.config, Labels: { ...config.config.Labels, derived: 'yes' }, ...{ Env: ['A=b'], Cmd: ['/sbin/init'] } };
  const size = readFileSync(tar).length;
  const layers = [...manifest.layers, { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${digest}`, size }];
  const made = put(JSON.stringify({ ...manifest, config: { ...manifest.config, ...put(JSON.stringify(config)) }, layers }));
  writeFileSync(path.join(derived, 'index.json'), JSON.stringify({ ...index, manifests: [{ ...index.manifests[0], ...made }] }));
  return `oci:${derived}:latest`;
}

test('the commit is signed with each key that is named', async () => {
  const { generateKeyPairSync, verify } = await import('node:crypto');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const secret = at('secret');
  writeFileSync(secret, Buffer.concat([privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32), raw]).toString('base64'));
  const image = `oci:${at('signed')}`;
  const args = ['build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=${image}`];
  await ok(...args, `--sign-commit=ed25519=${secret}`);
  const back = await takeBack(image, 'back-signed');
  const checksum = back('rev-parse', 'back');
  const bytes = readFileSync(at('back-signed', 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commit`));
  const text = back('show', '--print-detached-metadata-key=ostree.sign.ed25519', 'back');
  const signature = Buffer.from([...text.matchAll(/0x([0-9a-f]{2})/g)].map((m) => parseInt(m[1] ?? '', 16)));
  expect(verify(null, bytes, publicKey, signature)).toBe(true);
  expect(await fails(...args, '--sign-commit=ed25519')).toContain('ed25519=FILE or gpg=KEYID');
  expect(await fails(...args, '--sign-commit=ed25519=/nowhere')).toContain('/nowhere');
});

test('what can’t be made into an image is refused by name', async () => {
  const [image, out] = [`oci:${at('none')}`, ['--bootc', `--output=oci:${at('none')}`]];
  expect(await fails('build-chunked-oci', ...out)).toContain('--rootfs and --from');
  expect(await fails('build-chunked-oci', ...out, '--rootfs=/a', '--from=oci:b')).toContain('--rootfs and --from');
  expect(await fails('build-chunked-oci', `--rootfs=${at('one')}`, `--output=${image}`)).toContain('--bootc');
  expect(await fails('build-chunked-oci', ...out, `--rootfs=${at('packages')}`)).toContain('no /usr');
  expect(await fails('build-chunked-oci', ...out, '--from=ostree:x@/repo')).toContain('container-encapsulate');
  expect(await fails('build-chunked-oci', ...out, `--from=oci:${at('nothing')}`)).toContain('no such image');
  expect(await fails('build-chunked-oci', ...out, '--from=localhost/treeline-has-no-such-image:x')).toContain(
    'containers-storage:localhost/',
  );
  expect(await fails('build-chunked-oci', ...out, `--rootfs=${at('one')}`, '--format-version=3')).toContain('--format-version 3');
  expect(await fails('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=${image}:a`, '--reference=b')).toContain(
    '--reference',
  );
  const bare = at('bare');
  mkdirSync(path.join(bare, 'usr/bin'), { recursive: true });
  expect(await fails('build-chunked-oci', ...out, `--rootfs=${bare}`)).toContain('No RPM database');
  const twice = at('twice');
  sh('cp', ['-a', at('one'), twice]);
  mkdirSync(path.join(twice, 'usr/etc'));
  writeFileSync(path.join(twice, 'usr/etc/x'), '');
  expect(await fails('build-chunked-oci', ...out, `--rootfs=${twice}`)).toContain('Configuration in two places');
  expect(existsSync(at('none', 'index.json'))).toBe(false);
});

test('a layer with a link out of the image writes nothing outside of it', async () => {
  const outside = at('outside');
  mkdirSync(outside);
  const base = at('hostile');
  await ok('build-chunked-oci', `--rootfs=${at('one')}`, '--bootc', `--output=oci:${base}:latest`);
  const blobs = path.join(base, 'blobs/sha256');
  const work = at('hostile-layer');
  const index = JSON.parse(readFileSync(path.join(base, 'index.json'), 'utf8')) as { manifests: { digest: string; size: number }[] };
  const manifest = JSON.parse(readFileSync(path.join(blobs, index.manifests[0]!.digest.slice(7)), 'utf8')) as { layers: object[] };
  const add = (make: () => void): void => {
    sh('rm', ['-rf', work]);
    mkdirSync(work);
    make();
    const tar = at('hostile.tar');
    sh('tar', ['-cPf', tar, '-C', work, '.']);
    const digest = sh('sha256sum', [tar]).split(' ')[0] ?? '';
    sh('mv', [tar, path.join(blobs, digest)]);
    manifest.layers.push({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: `sha256:${digest}`,
      size: readFileSync(path.join(blobs, digest)).length,
    });
  };
  add(() => sh('ln', ['-s', outside, path.join(work, 'way')]));
  add(() => {
    mkdirSync(path.join(work, 'way'));
    writeFileSync(path.join(work, 'way/file'), 'x');
    writeFileSync(path.join(work, 'way/.wh.kept'), '');
  });
  writeFileSync(path.join(outside, 'kept'), 'k');
  const text = JSON.stringify(manifest);
  const digest = sh('sh', ['-c', `printf %s "$1" | sha256sum`, 'sh', text]).split(' ')[0] ?? '';
  writeFileSync(path.join(blobs, digest), text);
  writeFileSync(
    path.join(base, 'index.json'),
    JSON.stringify({ ...index, manifests: [{ ...index.manifests[0], digest: `sha256:${digest}`, size: text.length }] }),
  );
  await ok('build-chunked-oci', `--from=oci:${base}:latest`, '--bootc', `--output=oci:${at('harmless')}`);
  expect(sh('ls', [outside])).toBe('kept');
});
