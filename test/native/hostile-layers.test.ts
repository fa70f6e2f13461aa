// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { FileObject, TreeSink } from '../../main/engine/base/ports/container.ts';
import { readFileLayer } from '../../main/engine/images/store/file-layer.ts';
import { Labeller } from '../../main/engine/images/store/labelling.ts';
import { Directory } from '../../main/engine/images/store/layer-tree.ts';
import { blobFile, digestOf, layerTar, tarHeader, type LayerEntry } from '../fixtures/layer-image.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'treeline-layers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Keeps what it is told of files, and only counts their bytes. */
class Sink implements Pick<TreeSink, 'newFile' | 'newLink' | 'newDirmeta' | 'file' | 'attributesOf' | 'has'> {
  readonly objects = new Map<string, FileObject>();
  written = 0;

  #add(object: Partial<FileObject>, content: string): string {
    const checksum = createHash('sha256')
      .update(JSON.stringify([object, content]))
      .digest('hex');
    this.objects.set(checksum, { isLink: false, mode: 0, uid: 0, gid: 0, sizeBytes: 0, linkTarget: '', ...object } as FileObject);
    return checksum;
  }

  newFile({ uid, gid, mode, sizeBytes }: Parameters<TreeSink['newFile']>[0]): ReturnType<TreeSink['newFile']> {
    const hash = createHash('sha256');
    return {
      write: (piece) => (hash.update(piece), void (this.written += piece.length)),
      finish: () => this.#add({ uid, gid, mode, sizeBytes }, hash.digest('hex')),
      [Symbol.dispose]: () => undefined,
    };
  }

  newLink({ uid, gid, target }: Parameters<TreeSink['newLink']>[0]): string {
    return this.#add({ uid, gid, isLink: true, linkTarget: target }, '');
  }

  newDirmeta({ uid, gid, mode }: Parameters<TreeSink['newDirmeta']>[0]): string {
    return this.#add({ uid, gid, mode }, 'directory');
  }

  file(checksum: string): FileObject {
    return this.objects.get(checksum)!;
  }

  attributesOf = (): [] => [];
  has = (): boolean => false;
}

async function read(bytes: Buffer, diffId = digestOf(bytes), base?: string): Promise<{ names: string[]; leftOut: Record<string, number> }> {
  const { file, digest } = blobFile(directory, bytes);
  return readBlob(file, digest, diffId, base);
}

async function readBlob(
  file: string,
  digest: string,
  diffId: string,
  base?: string,
): Promise<{ names: string[]; leftOut: Record<string, number> }> {
  const sink = new Sink() as unknown as TreeSink;
  const labeller = new Labeller(sink, undefined);
  const lower = new Directory(sink);
  lower.directory('usr').files.set('below', labeller.link('/usr/below', { uid: 0, gid: 0, target: 'x' }));
  const { root, leftOut } = await readFileLayer(file, { digest, diffId }, { labeller, base, lower });
  const names = (at: Directory, prefix: string): string[] => [
    ...[...at.files.keys()].map((name) => `${prefix}${name}`),
    ...[...at.directories].flatMap(([name, each]) => [`${prefix}${name}/`, ...names(each, `${prefix}${name}/`)]),
  ];
  return { names: names(root, '').sort(), leftOut: Object.fromEntries(leftOut) };
}

const deep = Array.from({ length: 200 }, () => 'd').join('/');
const long = 'x'.repeat(300);
const capability = Buffer.alloc(20);

test.each<[what: string, entries: readonly LayerEntry[], detail: string]>([
  ['a name that leads out', [{ name: 'usr/../../etc/passwd' }], '"usr/../../etc/passwd" leads out'],
  ['a hard link to outside', [{ name: 'usr/a', type: '1', link: '../../etc/shadow' }], '"../../etc/shadow" leads out'],
  ['a hard link to what isn’t there', [{ name: 'usr/a', type: '1', link: '/etc/shadow' }], 'a hard link to "/etc/shadow"'],
  [
    'a hard link to a directory',
    [
      { name: 'usr/d', type: '5' },
      { name: 'usr/a', type: '1', link: 'usr/d' },
    ],
    'which is no file',
  ],
  ['a hard link to a whiteout', [{ name: 'usr/.wh.a' }, { name: 'usr/b', type: '1', link: 'usr/.wh.a' }], 'which is no file'],
  ['something below a link', [{ name: 'usr/a', type: '2', link: '/etc' }, { name: 'usr/a/b' }], '"usr/a/b" is below "usr/a"'],
  ['something below a file', [{ name: 'usr/a' }, { name: 'usr/a/b/c' }], '"usr/a/b/c" is below "usr/a"'],
  [
    'a directory below a link',
    [
      { name: 'usr/a', type: '2', link: '/' },
      { name: 'usr/a/b', type: '5' },
    ],
    'is below "usr/a"',
  ],
  ['/usr as a link', [{ name: 'usr', type: '2', link: '/' }], '"usr" has to be a directory'],
  ['/etc as a link', [{ name: 'etc', type: '2', link: '/' }], '"etc" has to be a directory'],
  ['the root as a file', [{ name: './', type: '2', link: 'x' }], 'has to be a directory'],
  ['a link to nothing', [{ name: 'usr/a', type: '2' }], 'is a link to nothing'],
  ['a device', [{ name: 'usr/null', type: '3' }], '"usr/null" is a device or pipe'],
  ['a pipe', [{ name: 'etc/pipe', type: '6' }], '"etc/pipe" is a device or pipe'],
  ['a whiteout of nothing', [{ name: 'usr/.wh.' }], 'hides nothing'],
  ['a whiteout of the directory', [{ name: 'usr/.wh..' }], 'hides nothing'],
  ['a whiteout of the one above', [{ name: 'usr/.wh...' }], 'hides nothing'],
  ['something below a whiteout', [{ name: 'usr/.wh.a/x' }], 'is below what says that something is gone'],
  ['GNU’s sparse file', [{ name: 'usr/a', type: 'S', size: 8 * 2 ** 30 - 1 }], '"usr/a" is a sparse file'],
  ['pax’s sparse file', [{ name: 'usr/a', pax: { 'GNU.sparse.realsize': '999999999999' } }], '"usr/a" is a sparse file'],
  ['an unknown kind', [{ name: 'usr/a', type: 'Z' }], 'of an unknown kind'],
  ['a name that isn’t UTF-8', [{ name: Buffer.from([0x75, 0x73, 0x72, 0x2f, 0xff]) }], 'isn’t UTF-8'],
  ['NUL in a name', [{ name: 'x', pax: { path: 'usr/a\0b' } }], 'NUL in its name'],
  ['NUL in a link', [{ name: 'usr/x', type: '2', pax: { linkpath: 'a\0b' } }], 'NUL in its name'],
  ['a deep name', [{ name: 'x', pax: { path: `usr/${deep}` } }], 'directories deep'],
  ['a long part', [{ name: 'x', pax: { path: `usr/${long}` } }], 'more than 255 bytes'],
  ['a long name', [{ name: 'x', pax: { path: `usr/${'y/'.repeat(4000)}` } }], 'a name of 8004 bytes'],
  ['a long header', [{ name: 'x', pax: { path: 'y'.repeat(2 << 20) } }], 'a header of'],
  ['a pax header that isn’t one', [{ name: 'p', type: 'x', content: '7 a=b' }, { name: 'usr/a' }], 'a pax header that isn’t one'],
  ['a negative size', [{ name: 'usr/a', pax: { size: '-1' } }], 'no valid size'],
  ['an owner that is none', [{ name: 'usr/a', pax: { uid: '4294967295' } }], 'no valid uid'],
  ['a file that ends too early', [{ name: 'usr/a', size: 8 * 2 ** 30 - 1, content: 'x' }], 'ends too early'],
  ['capabilities that aren’t any', [{ name: 'usr/a', pax: { 'SCHILY.xattr.security.capability': 'x' } }], 'capabilities that aren’t'],
  ['large attributes', [{ name: 'usr/a', pax: { 'SCHILY.xattr.user.a': 'x'.repeat(70_000) } }], 'bytes of attributes'],
])('refused by name: %s', async (_, entries, detail) => {
  const bytes = layerTar(entries);
  await expect(read(bytes)).rejects.toMatchObject({
    code: 'container.layer-refused',
    report: { subject: digestOf(bytes), detail: expect.stringContaining(detail) as string },
  });
});

test('what is taken, and what is left out and counted', async () => {
  const bytes = layerTar([
    { name: './', type: '5', mode: 0o755 },
    { name: '/usr//./bin/a', content: 'absolute' },
    { name: 'usr/bin/a', content: 'once more: the last one counts' },
    { name: 'usr/bin/b', type: '1', link: '/usr/bin/a' },
    { name: 'usr/c', type: '1', link: 'usr/below' },
    { name: 'usr/d', content: 'first a file' },
    { name: 'usr/d', type: '5' },
    { name: 'usr/d/e' },
    { name: 'usr/f', type: '5' },
    { name: 'usr/f/g' },
    { name: 'usr/f', type: '2', link: '../../../etc/shadow' },
    { name: 'usr/.wh.gone' },
    { name: 'usr/x/.wh..wh..opq' },
    { name: '.wh.etc' },
    { name: '.wh..wh.plnk/1.2', type: '5' },
    {
      name: 'etc/conf',
      pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y', 'SCHILY.xattr.user.a': 'b', 'SCHILY.xattr.user.ostreemeta': 'x' },
    },
    { name: 'usr/cap', pax: { 'SCHILY.xattr.security.capability': Buffer.concat([Buffer.from([1, 0, 0, 2]), capability.subarray(4)]) } },
    { name: 'dev/null', type: '3' },
    { name: 'var/lib/x' },
    { name: 'var/lib/y' },
    { name: 'opt/z' },
    { name: 'home', type: '2', link: 'var/home' },
    { name: 'g', type: 'g', content: '12 path=a/b\n' },
  ]);
  expect(await read(bytes)).toEqual({
    names: [
      ...[
        'home',
        'opt/',
        'opt/z',
        'usr/',
        'usr/.wh.etc',
        'usr/.wh.gone',
        'usr/bin/',
        'usr/bin/a',
        'usr/bin/b',
        'usr/c',
        'usr/cap',
        'usr/d/',
      ],
      ...['usr/d/e', 'usr/etc/', 'usr/etc/conf', 'usr/f', 'usr/x/', 'usr/x/.wh..wh..opq'],
    ],
    leftOut: { '.wh..wh.': 1, dev: 1, 'trusted.overlay.opaque': 1, 'user.ostreemeta': 1, var: 2 },
  });
  // on top of a commit, nothing but /usr and /etc
  const { names, leftOut } = await read(bytes, digestOf(bytes), 'a'.repeat(64));
  expect(names.filter((name) => !name.startsWith('usr/'))).toEqual([]);
  expect(leftOut).toMatchObject({ opt: 1, home: 1, var: 2, dev: 1 });
});

test('a blob that isn’t what its digest names isn’t read, and one that unpacks to something else isn’t taken', async () => {
  const bytes = layerTar([{ name: 'usr/a' }]);
  const other = digestOf(Buffer.from('other'));
  const wrong = { code: 'repo.corrupt', report: { detail: expect.stringContaining('doesn’t fit its digest') as string } };
  const { file, digest } = blobFile(directory, bytes);
  await expect(readBlob(file, other, digest)).rejects.toMatchObject(wrong);
  await expect(readBlob(file, digest, other)).rejects.toMatchObject(wrong);
  await expect(readBlob(path.join(directory, 'none'), digest, digest)).rejects.toMatchObject({ code: 'repo.not-found' });
});

test.each(['gzip', 'zstd'])('a bomb (%s) is left when it has become too much', async (program) => {
  const size = 2 ** 30;
  const plain = path.join(directory, 'bomb');
  writeFileSync(plain, tarHeader({ name: 'usr/zeros' }, size));
  execFileSync('truncate', ['--size', String(size + 512), plain]);
  const packed = path.join(directory, `bomb.${program}`);
  execFileSync('sh', ['-c', `${program} -6 -c < ${plain} | head -c 600000 > ${packed}`]);
  rmSync(plain);
  const digest = digestOf(readFileSync(packed));
  await expect(readBlob(packed, digest, digest)).rejects.toMatchObject({
    code: 'container.layer-refused',
    report: { detail: expect.stringMatching(/^unpacked it has more than \d+ bytes$/) as string },
  });
});

test('a layer of more than a million entries is left', async () => {
  const file = path.join(directory, 'many');
  const thousand = Buffer.concat(Array.from({ length: 1000 }, (_, i) => tarHeader({ name: `usr/${i}`, type: '5' }, 0)));
  const hash = createHash('sha256');
  for (let i = 0; i <= 1000; i++) {
    appendFileSync(file, thousand);
    hash.update(thousand);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  await expect(readBlob(file, digest, digest)).rejects.toMatchObject({ report: { detail: 'more than 1000000 entries' } });
});

test('gzip, zstd and zstd:chunked are told by their content; what follows the end of gzip’s is passed over', async () => {
  const bytes = layerTar([{ name: 'usr/a', content: 'x'.repeat(100_000) }]);
  const plain = blobFile(directory, bytes).file;
  const run = (program: string): Buffer => execFileSync(program, ['-c', plain]);
  const skipped = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from('toc!')]);
  const [gzip, zstd] = [run('gzip'), run('zstd')];
  for (const packed of [
    gzip,
    zstd,
    Buffer.concat([zstd, skipped]),
    Buffer.concat([skipped, zstd]),
    Buffer.concat([gzip, Buffer.alloc(200_000, 'x')]),
  ])
    expect((await read(packed, digestOf(bytes))).names).toEqual(['usr/', 'usr/a']);
  await expect(read(gzip.subarray(0, gzip.length - 20), digestOf(bytes))).rejects.toMatchObject({ code: 'repo.corrupt' });
  await expect(read(zstd.subarray(0, zstd.length - 10), digestOf(bytes))).rejects.toMatchObject({ code: 'repo.corrupt' });
});
