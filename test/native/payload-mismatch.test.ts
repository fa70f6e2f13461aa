// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importAll, type ImportBatch } from '../../main/engine/compose/build/index.ts';
import { readHeaders } from '../../main/engine/compose/build/import-packages.ts';
import { runJob } from '../../main/engine/jobs/index.ts';
import type { ResolvedPackage } from '../../main/engine/base/ports/resolver.ts';
import { OstreePackageCache } from '../../main/native/ostree/package-cache.ts';
import { rpm } from '../../main/native/rpm/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { makeRpm } from '../fixtures/make-rpm.ts';
import { patchRpm, writeCpio, type HeaderValues, type PayloadEntry, type RpmPatch } from '../fixtures/patch-rpm.ts';

const worker = fileURLToPath(new URL('../../dist/worker/worker.mjs', import.meta.url));
const [regular, directory, link] = [0o100644, 0o040755, 0o120777];
const below = './usr/share/evil';
const canary = 'outside';
let work: string;
let honest: Buffer;
let cache: OstreePackageCache;

beforeAll(() => {
  work = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'treeline-payload-'));
  mkdirSync(path.join(work, canary));
  cache = new OstreePackageCache(path.join(work, 'cache'));
  const file = makeRpm(path.join(work, 'packages'), {
    name: 'evil',
    files: {
      '/usr/share/evil/a': 'aaaa\n',
      '/usr/share/evil/b': 'b',
      '/usr/share/evil/d': { dir: true },
      '/usr/share/evil/d/in': 'in',
      '/usr/share/evil/h1': 'linked',
      '/usr/share/evil/h2': { hardlinkTo: '/usr/share/evil/h1' },
      '/usr/share/evil/l': { symlink: 'a' },
      '/usr/share/evil/large': Buffer.alloc(2_500_000, 'large').toString(),
      '/usr/share/evil/padpadpadpad': 'p',
      '/usr/share/evil/ghost': { content: 'g', directive: '%ghost' },
    },
    rawFiles: ['%dev(c,1,3) %attr(0666,root,root) /usr/share/evil/null'],
    defines: { _binary_payload: 'w1.gzdio' },
  });
  honest = readFileSync(file);
});
afterAll(() => {
  cache[Symbol.dispose]();
  rmSync(work, { recursive: true });
});

/** As a repository would list it. */
function listed(patch: RpmPatch, fields: Partial<ResolvedPackage> = {}): ResolvedPackage {
  const bytes = patchRpm(honest, patch);
  const file = path.join(work, 'evil.rpm');
  writeFileSync(file, bytes);
  return {
    ...{ name: 'evil', epoch: 0, version: '1', release: '1', arch: 'noarch', nevra: 'evil-1-1.noarch' },
    ...{ repo: 'test', path: file, remote: false, downloadBytes: bytes.length, installedSizeBytes: 0, buildTimeSeconds: 0 },
    digest: { algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') },
    ...fields,
  };
}

const unchecked = { keys: [], fingerprint: '' };

function importHere(pkg: ResolvedPackage): ErrorReport | undefined {
  try {
    importAll(cache, [{ pkg, keys: unchecked }], false, rpm, () => undefined);
    return undefined;
  } catch (error) {
    if (error instanceof TreelineError) return error.report;
    throw error;
  }
}

const at = (name: string, mode: number, data: string | Buffer = '', more: Partial<PayloadEntry> = {}): PayloadEntry => ({
  name,
  mode,
  data,
  ...more,
});
const add = (...more: PayloadEntry[]): RpmPatch => ({ entries: (entries) => [...entries, ...more] });
const first = (...more: PayloadEntry[]): RpmPatch => ({ entries: (entries) => [...more, ...entries] });
const change = (name: string, fields: Partial<PayloadEntry>): RpmPatch => ({
  entries: (entries) => entries.map((entry) => (entry.name.toString() === `${below}/${name}` ? { ...entry, ...fields } : entry)),
});
const drop = (wanted: (name: string) => boolean): RpmPatch => ({
  entries: (entries) => entries.filter((entry) => !wanted(entry.name.toString())),
});
const raw = (payload: (cpio: Buffer) => Buffer): RpmPatch => ({ payload });
const header = (edit: (values: HeaderValues) => void, more: RpmPatch = {}): RpmPatch => ({ header: edit, ...more });
const [baseNames, dirNames, digests, digestAlgorithm] = [1117, 1118, 1035, 5011];
const up = '../'.repeat(12);

type Case = readonly [what: string, patch: RpmPatch, says: RegExp, code?: string];
const bad = 'package.corrupt';

const cases: readonly Case[] = [
  // more than the header lists
  ['an extra file', add(at(`${below}/extra`, regular, 'x')), /usr\/share\/evil\/extra is in its payload, but not in its header/],
  ['an extra setuid program', add(at('./usr/bin/su2', 0o104755, 'x')), /usr\/bin\/su2 is in its payload, but not/],
  ['another package’s file', add(at('./usr/etc/passwd', regular, 'root::0:0::/:/bin/sh')), /etc\/passwd .*not in its header/],
  ['an extra directory', add(at('./proc', directory)), /\.\/proc .*not in its header/],
  ['an extra link', first(at('./usr', link, '/tmp')), /\.\/usr .*not in its header/],
  ['a ghost with content', add(at(`${below}/ghost`, regular, 'g')), /evil\/ghost .*nothing is packed of it/],
  ['a whiteout', add(at(`${below}/.wh.a`, regular)), /\.wh\.a .*not in its header/],
  // names
  ['.. at the beginning', add(at('../x', regular)), /\.\.\/x .*not in its header/],
  ['.. far up', add(at(`./${up}tmp/x`, regular)), /tmp\/x .*not in its header/],
  ['.. in the middle', add(at(`${below}/../evil/a`, regular, 'aaaa\n')), /\.\.\/evil\/a .*not in its header/],
  ['an absolute name', add(at('/etc/cron.d/x', regular)), /\/etc\/cron\.d\/x .*not in its header/],
  ['a dot in the middle', add(at('./usr/./share//evil/a', regular)), /share\/\/evil\/a .*not in its header/],
  ['no name', add(at('', regular)), / is in its payload, but not in its header/],
  ['the root as a file', add(at('.', regular, 'x')), /\. is in its payload, but not in its header/],
  ['the root as a link', first(at('.', link, '/tmp')), /\. is in its payload, but not in its header/],
  ['a slash behind', add(at(`${below}/a/`, regular, 'aaaa\n')), /evil\/a\/ .*not in its header/],
  ['a newline and an escape sequence', add(at(`${below}/n\nl\x1b[2J`, regular)), /n\\x0al\\x1b\[2J .*not in its header/],
  ['a NUL in the name', add(at(`${below}/a\0tail`, regular)), /name doesn’t end where it should/, bad],
  [
    'bytes that aren’t UTF-8',
    add({ name: Buffer.from(`${below}/\xff\xfe`, 'latin1'), mode: regular, data: '' }),
    /evil\/\\xff\\xfe .*not in its header/,
  ],
  ['256 bytes', add(at(`${below}/${'n'.repeat(256)}`, regular)), /n… .*not in its header/],
  ['5,000 bytes', add(at(`${below}/${'n'.repeat(5000)}`, regular)), /name has 50\d\d bytes/, bad],
  ['3,000 levels', add(at(`${below}/${'d/'.repeat(3000)}x`, regular)), /name has 60\d\d bytes/, bad],
  ['2,000 levels', add(at(`${below}/${'d/'.repeat(2000)}x`, regular)), /d\/d.*… .*not in its header/],
  [
    '1,500 directories in each other',
    add(...Array.from({ length: 1500 }, (_, i) => at(`${below}${'/d'.repeat(i + 2)}`, directory))),
    /d\/d .*not in its header/,
  ],
  // the same again
  ['a file twice', add(at(`${below}/a`, regular, 'aaaa\n')), /evil\/a is in its payload twice/],
  ['a file, then a link', add(at(`${below}/a`, link, '/etc/shadow')), /evil\/a is in its payload twice/],
  [
    'a link before the file',
    first(at(`${below}/a`, link, '/tmp')),
    /evil\/a is a symbolic link in its payload, its header says a regular file/,
  ],
  ['a directory, then a file', add(at(`${below}/d`, regular, 'x')), /evil\/d is in its payload twice/],
  // below something else
  ['a file below a link', add(at(`${below}/l/x`, regular)), /evil\/l\/x .*not in its header/],
  ['a file below a file', add(at(`${below}/a/x`, regular)), /evil\/a\/x .*not in its header/],
  // less
  ['a missing file', drop((name) => name.endsWith('/a')), /evil\/a is in its header, but not in its payload/],
  ['a missing directory', drop((name) => name.endsWith('/d')), /evil\/d is in its header, but not in its payload/],
  ['nothing at all', drop(() => true), /evil.* is in its header, but not in its payload/],
  [
    'hard links without content',
    { entries: (entries) => entries.map((e) => (/h[12]$/.test(e.name.toString()) ? { ...e, data: '' } : e)) },
    /evil\/h[12] has no content/,
  ],
  ['a missing hard link', drop((name) => name.endsWith('/h1')), /evil\/h1 is in its header, but not in its payload/],
  // other content
  ['a larger file', change('a', { data: 'A'.repeat(5000) }), /evil\/a has 5000 bytes in its payload, its header says 5/],
  ['a smaller file', change('a', { data: '' }), /evil\/a has 0 bytes/],
  [
    'another content of the same size',
    change('a', { data: 'BBBB\n' }),
    /evil\/a has the sha256 [0-9a-f]{64} in its payload, its header says/,
  ],
  ['another content of a large file', change('large', { data: Buffer.alloc(2_500_000, 'larGe') }), /evil\/large has the sha256/],
  [
    'another content of hard links',
    { entries: (entries) => entries.map((e) => (/h[12]$/.test(e.name.toString()) && e.data.length > 0 ? { ...e, data: 'LINKED' } : e)) },
    /evil\/h[12] has the sha256/,
  ],
  ['content with a hard link that isn’t it', change('h1', { data: 'LINKED' }), /evil\/h1 has the sha256/],
  ['another target', change('l', { data: 'b' }), /evil\/l leads to b in its payload, its header says a/],
  ['a longer target', change('l', { data: '/etc/shadow' }), /evil\/l leads elsewhere/],
  // other kinds and modes
  ['a file as a link', change('a', { mode: link, data: '/etc/shadow' }), /evil\/a is a symbolic link in its payload/],
  ['a file as a directory', change('a', { mode: directory, data: '' }), /evil\/a is a directory in its payload/],
  ['a file as a device', change('a', { mode: 0o020666, data: '', device: [1, 3] }), /evil\/a is a character device/],
  ['a file as a fifo', change('a', { mode: 0o010644, data: '' }), /evil\/a is a fifo/],
  ['a file of no kind', change('a', { mode: 0o644 }), /evil\/a is of an unknown kind/],
  ['a link as a file', change('l', { mode: regular, data: 'x' }), /evil\/l is a regular file in its payload/],
  ['a directory as a file', change('d', { mode: regular, data: 'x' }), /evil\/d is a regular file/],
  ['a setuid bit', change('a', { mode: 0o104644 }), /evil\/a has the mode 04644 in its payload, its header says 0644/],
  ['another device', change('null', { device: [1, 1] }), /evil\/null has another device number/],
  ['a block device', change('null', { mode: 0o060666 }), /evil\/null is a block device/],
  ['an extra device', add(at(`${below}/vda`, 0o060666, '', { device: [254, 0] })), /evil\/vda .*not in its header/],
  // the archive itself
  ['cut off', raw((cpio) => cpio.subarray(0, cpio.length / 2)), /stops before its end/, bad],
  ['empty', raw(() => Buffer.alloc(0)), /Unrecognized archive format|stops before its end/, bad],
  ['no trailer', raw((cpio) => cpio.subarray(0, cpio.lastIndexOf('070701'))), /stops before its end/, bad],
  ['no archive', raw(() => Buffer.from('not cpio'.repeat(100))), /doesn’t begin as one of a cpio archive/, bad],
  [
    'an archive after the end',
    raw((cpio) => Buffer.concat([cpio, writeCpio([at(`${below}/after`, regular, 'x')])])),
    /follows after its end/,
    bad,
  ],
  ['a size beyond the end', add(at(`${below}/huge`, regular, 'x', { size: 0xfffffff0 })), /evil\/huge .*not in its header/],
  ['a size beyond the end of a listed file', change('a', { size: 0xfffffff0 }), /evil\/a has 4294967280 bytes/],
  [
    'letters instead of numbers',
    raw((cpio) => Buffer.concat([cpio.subarray(0, 14), Buffer.from('zzzzzzzz'), cpio.subarray(22)])),
    /hexadecimal/,
    bad,
  ],
  [
    'a payload that its digest isn’t of',
    { ...change('a', { data: 'BBBB\n' }), keepPayloadDigest: true },
    /payload’s sha256 isn’t the one that its header says/,
    bad,
  ],
  ['zeros without end', raw((cpio) => Buffer.concat([cpio, Buffer.alloc(200_000_000)])), /follows after its end/, bad],
  // the header itself
  [
    '.. in the header',
    header((h) => h.rename(baseNames, 'padpadpadpad', Buffer.from('../../../xyz'))),
    /impossible path “\/usr\/share\/evil\/\.\.\/\.\.\/\.\.\/xyz”/,
    bad,
  ],
  [
    'a name of no UTF-8 in the header',
    header((h) => h.rename(baseNames, 'padpadpadpad', Buffer.from('padpad\xff\xfepadp', 'latin1'))),
    /\\xff\\xfe/,
    'package.bad-file-name',
  ],
  [
    'a relative directory in the header',
    header((h) => h.rename(dirNames, '/usr/share/evil/d/', Buffer.from('./usr/share/evil/d'))),
    /impossible path/,
    bad,
  ],
  ['a path twice in the header', header((h) => h.rename(baseNames, 'a', Buffer.from('b'))), /evil\/b stands twice in its header/],
  [
    'a file below a link in the header',
    header((h) => h.rename(dirNames, '/usr/share/evil/d/', Buffer.from('/usr/share/evil/l/'))),
    /evil\/l\/in lies below \/usr\/share\/evil\/l, which is a symbolic link/,
  ],
  [
    'a file below a file in the header',
    header((h) => h.rename(dirNames, '/usr/share/evil/d/', Buffer.from('/usr/share/evil/a/'))),
    /evil\/a\/in lies below \/usr\/share\/evil\/a, which is a regular file/,
  ],
  [
    'another name in the header only',
    header((h) => h.rename(baseNames, 'padpadpadpad', Buffer.from('padpadpadpaX'))),
    /padpadpadpa[dX] .*header/,
  ],
  ['a digest that is wrong in the header', header((h) => h.write(digests, Buffer.from('0000'))), /evil\/a has the sha256/],
  [
    'digests of an unknown kind',
    header((h) => h.write(digestAlgorithm, Buffer.from([0, 0, 0, 99]))),
    /unknown kind \(99\)/,
    'package.unsupported',
  ],
];

test('the untouched package, and payloads that say the same in another way, are imported', () => {
  const spelt = (prefix: string): RpmPatch => ({
    entries: (entries) => entries.map((entry) => ({ ...entry, name: entry.name.toString().replace(/^\.\//, prefix) })),
  });
  const linked: RpmPatch = { entries: (entries) => entries.map((e) => (/h[12]$/.test(e.name.toString()) ? { ...e, data: 'linked' } : e)) };
  const trees = new Set<string>();
  for (const patch of [{}, spelt('/'), spelt(''), linked, raw((cpio) => Buffer.concat([cpio, Buffer.alloc(400)]))]) {
    const pkg = listed(patch);
    expect(importHere(pkg)).toBeUndefined();
    trees.add(cache.repo.loadCommit(cache.lookup(pkg)?.commit ?? '').rootDirtree);
  }
  expect(trees.size).toBe(1);
  const pkg = listed({});
  expect(importHere(pkg)).toBeUndefined();
  const out = path.join(work, 'out');
  cache.checkout(cache.lookup(pkg)?.commit ?? '', out);
  const place = path.join(out, 'usr/share/evil');
  expect(readdirSync(place).sort()).toEqual(['a', 'b', 'd', 'h1', 'h2', 'l', 'large', 'padpadpadpad']);
  expect(lstatSync(path.join(place, 'h1')).ino).toBe(lstatSync(path.join(place, 'h2')).ino);
  expect(readFileSync(path.join(place, 'large')).equals(Buffer.alloc(2_500_000, 'large'))).toBe(true);
});

const named = cases.map(([what, patch, says, code = 'package.payload-mismatch']) => ({ what, patch, says, code }));

test.each(named)('refused by package and file: $what', ({ patch, says, code }) => {
  const pkg = listed(patch);
  const report = importHere(pkg);
  expect(report).toMatchObject({ code });
  expect(report?.subject).toMatch(/^evil(\.rpm|-1-1\.noarch)$/);
  expect(report?.detail).toMatch(says);
  expect(cache.lookup(pkg)).toBeUndefined();
});

test('nothing of what was refused is in the cache, and nothing was written outside', () => {
  const objects = readdirSync(path.join(work, 'cache/objects'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.file$/.test(name),
  );
  // a, b, in, h1, l, large, padpadpadpad
  expect(objects).toHaveLength(7);
  expect(readdirSync(path.join(work, canary))).toEqual([]);
});

test('the worker that imports lives to say so', async () => {
  const worst = [
    '.. at the beginning',
    '5,000 bytes',
    '3,000 levels',
    '1,500 directories in each other',
    'a file below a link in the header',
  ];
  for (const { what, patch, says } of named) {
    if (!worst.includes(what)) continue;
    const batch: ImportBatch = { cache: cache.path, ima: false, packages: [{ pkg: listed(patch), fingerprint: '', keys: [] }] };
    const report = TreelineError.report(await runJob('compose.import', batch, { worker }).done.catch((error: unknown) => error));
    expect([what, report.code]).toEqual([what, expect.stringMatching(/^package\.(payload-mismatch|corrupt)$/)]);
    expect(report.detail).toMatch(says);
  }
});

test.each([
  ['name', { name: 'good' }],
  ['version', { version: '2' }],
  ['epoch', { epoch: 1 }],
  ['architecture', { arch: 'x86_64' }],
] as const)('another %s in the metadata than in the file is said with both', (_, fields) => {
  const pkg = listed({}, fields);
  expect(importHere(pkg)).toMatchObject({
    code: 'package.not-as-listed',
    subject: expect.stringMatching(/good-1-1|evil-2-1|evil-1:1-1|x86_64/) as string,
    detail: 'The file evil.rpm is evil-1-1.noarch.',
    facts: { repo: 'test' },
  });
});

test('a package that was replaced after it was imported gives no scripts or owners', () => {
  const pkg = listed({});
  expect(importHere(pkg)).toBeUndefined();
  expect(readHeaders([pkg], cache, rpm)[0]?.name).toBe('evil');
  writeFileSync(
    pkg.path,
    patchRpm(
      honest,
      header((h) => h.rename(baseNames, 'padpadpadpad', Buffer.from('otherotherot'))),
    ),
  );
  expect(() => readHeaders([pkg], cache, rpm)).toThrow(
    expect.objectContaining({
      report: expect.objectContaining({ code: 'package.corrupt', subject: 'evil-1-1.noarch' }) as unknown,
    }) as Error,
  );
});
