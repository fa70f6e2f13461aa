// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { etcPreview } from '../../main/engine/host/review/index.ts';
import { stateDir } from '../../main/engine/host/sysroot/index.ts';
import { getAttribute, ownAttributes, setAttribute } from '../../main/native/linux/xattr.ts';
import { objectReader } from '../../main/native/ostree/object-file.ts';
import { Repo, Sysroot } from '../../main/native/ostree/index.ts';
import type { EtcEntry, EtcPreview } from '../../shared/domain/index.ts';
import { EtcFixture, listTree } from './etc-fixture.ts';
import { ostreeIsAtLeast } from './ostree-release.ts';
import { job, sh } from './sysroot-fixture.ts';

let fixture: EtcFixture;
beforeEach(() => {
  fixture = new EtcFixture();
});
afterEach(() => fixture[Symbol.dispose]());

/** Release 1 deployed, `yours` run in its /etc, release 2 in the repository. */
function releases(
  before: (vendor: string) => void,
  yours: (etc: string) => void,
  after: (vendor: string) => void,
): { v1: string; v2: string } {
  before(fixture.vendor);
  const v1 = fixture.commit('1');
  fixture.install(v1, `file://${fixture.server}`);
  yours(path.join(fixture.deployment(v1), 'etc'));
  after(fixture.vendor);
  const v2 = fixture.commit('2');
  fixture.take(v2);
  return { v1, v2 };
}

async function preview(checksum: string): Promise<EtcPreview> {
  return (await job('review.etc', { sysroot: fixture.sysroot, osname: fixture.osname, checksum })).result;
}

/** What /etc is going to be, by the preview alone: of each path the side it names, of the others the new default (which is yours, too). */
function predicted(entries: readonly EtcEntry[], yours: Map<string, string>, vendor: Map<string, string>): Map<string, string> {
  const result = new Map(vendor);
  for (const { path: name, outcome } of entries) {
    const line = (outcome === 'yours' ? yours : vendor).get(name);
    if (line === undefined || line === 'other') result.delete(name);
    else result.set(name, line);
  }
  return result;
}

const sorted = (map: Map<string, string>): [string, string][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Compare the preview with what the ostree program's merge then does. */
async function compare(v1: string, v2: string): Promise<EtcPreview> {
  const shown = await preview(v2);
  const yours = listTree(path.join(fixture.deployment(v1), 'etc'));
  const deployed = fixture.deploy(v2);
  const real = listTree(path.join(deployed, 'etc'));
  const vendor = listTree(path.join(deployed, 'usr/etc'));
  expect(sorted(predicted(shown.entries, yours, vendor))).toEqual(sorted(real));
  return shown;
}

const entry = (shown: EtcPreview, name: string): EtcEntry | undefined => shown.entries.find((e) => e.path === name);

test('names in directories that not everybody may list are for root alone; how many there are is said', async () => {
  const { v2 } = releases(
    (vendor) => {
      for (const dir of ['open', 'closed', 'closed/open', 'shut-by-you']) mkdirSync(path.join(vendor, dir));
      chmodSync(path.join(vendor, 'closed'), 0o750);
      for (const name of ['open/a', 'closed/secret-name', 'closed/open/deep', 'shut-by-you/b'])
        writeFileSync(path.join(vendor, name), '1\n');
    },
    (etc) => {
      chmodSync(path.join(etc, 'shut-by-you'), 0o711);
      writeFileSync(path.join(etc, 'closed/mine'), 'x\n');
    },
    (vendor) => {
      for (const name of ['open/a', 'closed/secret-name', 'closed/open/deep', 'shut-by-you/b'])
        writeFileSync(path.join(vendor, name), '2\n');
    },
  );
  const all = (await preview(v2)).entries.map((e) => e.path);
  expect(all).toEqual(['closed/mine', 'closed/open/deep', 'closed/secret-name', 'open/a', 'shut-by-you', 'shut-by-you/b']);
  const os = { sysroot: fixture.sysroot, osname: fixture.osname, checksum: v2 };
  const { result } = await job('review.etc', { ...os, hideClosed: true });
  expect([result.entries.map((e) => e.path), result.hiddenCount]).toEqual([['open/a', 'shut-by-you'], 4]);
});

test('extended attributes that alone were changed are said to be lost, as they then are; those of an edited file stay', async () => {
  const note = (etc: string, name: string): void => setAttribute(path.join(etc, name), 'user.note', Buffer.from('mine'));
  const { v1, v2 } = releases(
    (vendor) => {
      for (const name of ['plain', 'updated', 'edited', 'untouched']) writeFileSync(path.join(vendor, name), '1\n');
      for (const dir of ['with-edit', 'alone']) mkdirSync(path.join(vendor, dir));
      writeFileSync(path.join(vendor, 'with-edit/inside'), '1\n');
    },
    (etc) => {
      writeFileSync(path.join(etc, 'edited'), 'mine\n');
      writeFileSync(path.join(etc, 'with-edit/inside'), 'mine\n');
      for (const name of ['plain', 'updated', 'edited', 'with-edit', 'alone']) note(etc, name);
    },
    (vendor) => writeFileSync(path.join(vendor, 'updated'), '2\n'),
  );
  const shown = await preview(v2);
  expect(shown.entries.map((e) => [e.path, e.kind, e.outcome, e.problem])).toEqual([
    ['alone', 'vendor-applied', 'vendor', 'not-kept'],
    ['edited', 'yours-kept', 'yours', undefined],
    ['plain', 'vendor-applied', 'vendor', 'not-kept'],
    ['updated', 'both-changed', 'vendor', 'not-kept'],
    ['with-edit/inside', 'yours-kept', 'yours', undefined],
  ]);
  const before = path.join(fixture.deployment(v1), 'etc');
  const after = path.join(fixture.deploy(v2), 'etc');
  const read = (etc: string, name: string): string => getAttribute(path.join(etc, name), 'user.note')?.toString() ?? '';
  const kept = (name: string): boolean => read(after, name) === read(before, name);
  expect(Object.fromEntries(['alone', 'edited', 'plain', 'updated', 'untouched', 'with-edit'].map((n) => [n, kept(n)]))).toEqual({
    alone: false,
    edited: true,
    plain: false,
    updated: false,
    untouched: true,
    'with-edit': true,
  });
});

test('900 files with 40 local edits of all kinds: right for all, in under a second', async () => {
  const file = (root: string, name: string, text: string | Buffer): void => writeFileSync(path.join(root, name), text);
  const { v1, v2 } = releases(
    (vendor) => {
      for (let i = 0; i < 900; i++) {
        const dir = path.join(vendor, `d${i % 30}`);
        if (i < 30) mkdirSync(dir);
        file(dir, `f${i}.conf`, `setting = ${i}\n`.repeat(20));
      }
      for (const name of ['größe.conf', '日本語', 'with space']) file(vendor, name, `${name} one\n`);
      symlinkSync('d0/f0.conf', path.join(vendor, 'link'));
      symlinkSync('../usr/share/zone/UTC', path.join(vendor, 'localtime'));
      for (const dir of ['gone', 'gone-both', 'replaced', 'emptied']) mkdirSync(path.join(vendor, dir));
      for (const dir of ['gone', 'gone-both', 'replaced', 'emptied']) file(vendor, `${dir}/inside`, 'x\n');
      file(vendor, 'big', Buffer.alloc(3_000_000, 'b'));
      file(vendor, 'becomes-dir', 'a file\n');
    },
    (etc) => {
      // edits of the content, each beside a vendor that leaves, changes, removes it, or does the same
      for (const i of [0, 1, 2, 3, 4, 5]) file(etc, `d${i}/f${i}.conf`, `mine ${i}\n`);
      file(etc, 'd6/f6.conf', 'same on both sides\n');
      for (const i of [7, 8, 9]) rmSync(path.join(etc, `d${i}/f${i}.conf`));
      for (const i of [10, 11]) chmodSync(path.join(etc, `d${i}/f${i}.conf`), 0o600);
      chownSync(path.join(etc, 'd12/f12.conf'), 1234, 1234);
      // file <-> link
      rmSync(path.join(etc, 'd13/f13.conf'));
      symlinkSync('f43.conf', path.join(etc, 'd13/f13.conf'));
      rmSync(path.join(etc, 'link'));
      file(etc, 'link', 'was a link\n');
      rmSync(path.join(etc, 'localtime'));
      symlinkSync('../usr/share/zone/Berlin', path.join(etc, 'localtime'));
      // additions
      file(etc, 'hostname', 'kiosk\n');
      file(etc, 'added-by-both', 'mine\n');
      file(etc, 'added-same', 'the same\n');
      file(etc, 'machine-id', 'c0ffee\n');
      file(etc, 'binary', Buffer.from([0, 1, 2, 255]));
      symlinkSync('/usr/lib/somewhere', path.join(etc, 'added-link'));
      mkdirSync(path.join(etc, 'own/deep/er'), { recursive: true, mode: 0o750 });
      file(etc, 'own/deep/er/file', '1\n');
      mkdirSync(path.join(etc, 'own/empty'));
      chmodSync(path.join(etc, 'own'), 0o711);
      file(etc, 'd14/extra ümlaut.conf', 'ä\n');
      file(etc, 'shared-dir-file', 'x\n');
      mkdirSync(path.join(etc, 'both-dir'));
      file(etc, 'both-dir/mine', 'mine\n');
      // non-ASCII names
      file(etc, 'größe.conf', 'klein\n');
      rmSync(path.join(etc, '日本語'));
      chmodSync(path.join(etc, 'with space'), 0o640);
      // whole directories
      rmSync(path.join(etc, 'gone'), { recursive: true });
      rmSync(path.join(etc, 'gone-both'), { recursive: true });
      rmSync(path.join(etc, 'replaced'), { recursive: true });
      file(etc, 'replaced', 'now a file\n');
      rmSync(path.join(etc, 'emptied/inside'));
      rmSync(path.join(etc, 'becomes-dir'));
      mkdirSync(path.join(etc, 'becomes-dir'));
      file(etc, 'becomes-dir/one', '1\n');
      // attributes of directories: kept only where something in them is copied
      chmodSync(path.join(etc, 'd15'), 0o700);
      chmodSync(path.join(etc, 'd16'), 0o700);
      file(etc, 'd16/f16.conf', 'mine\n');
      file(etc, 'big', Buffer.alloc(3_000_000, 'B'));
      file(etc, 'd17/f17.conf', 'edited, then set back\n');
      file(etc, 'd17/f17.conf', 'setting = 17\n'.repeat(20));
      sh('mkfifo', path.join(etc, 'a-pipe'));
    },
    (vendor) => {
      for (const i of [1, 8, 11]) file(vendor, `d${i}/f${i}.conf`, `vendor's new ${i}\n`);
      for (const i of [2, 9]) rmSync(path.join(vendor, `d${i}/f${i}.conf`));
      rmSync(path.join(vendor, 'd3'), { recursive: true });
      chmodSync(path.join(vendor, 'd4/f4.conf'), 0o400);
      rmSync(path.join(vendor, 'd5/f5.conf'));
      symlinkSync('f35.conf', path.join(vendor, 'd5/f5.conf'));
      file(vendor, 'd6/f6.conf', 'same on both sides\n');
      for (let i = 100; i < 160; i++) if (i % 30 !== 3) file(vendor, `d${i % 30}/f${i}.conf`, `vendor's new ${i}\n`);
      for (let i = 160; i < 170; i++) rmSync(path.join(vendor, `d${i % 30}/f${i}.conf`));
      for (let i = 0; i < 10; i++) file(vendor, `new-${i}`, 'new\n');
      file(vendor, 'added-by-both', "the vendor's\n");
      file(vendor, 'added-same', 'the same\n');
      mkdirSync(path.join(vendor, 'both-dir'));
      file(vendor, 'both-dir/theirs', 'theirs\n');
      file(vendor, 'gone/inside', 'changed\n');
      file(vendor, 'gone/new-in-removed', 'new\n');
      rmSync(path.join(vendor, 'gone-both'), { recursive: true });
      rmSync(path.join(vendor, 'replaced'), { recursive: true });
      file(vendor, 'emptied/more', 'more\n');
      file(vendor, 'größe.conf', 'mittel\n');
      chmodSync(path.join(vendor, 'd16'), 0o750);
      chmodSync(path.join(vendor, 'd18'), 0o750);
      symlinkSync('d1/f1.conf', path.join(vendor, 'new-link'));
    },
  );

  const shown = await compare(v1, v2);
  expect(shown.available).toBe(true);
  const kinds = (name: string): unknown => {
    const e = entry(shown, name);
    return e && [e.vendor, e.yours, e.kind, e.outcome, ...(e.problem ? [e.problem] : [])];
  };
  expect(kinds('d0/f0.conf')).toEqual(['unchanged', 'modified', 'yours-kept', 'yours']);
  expect(kinds('d1/f1.conf')).toEqual(['modified', 'modified', 'both-changed', 'yours']);
  expect(kinds('d2/f2.conf')).toEqual(['removed', 'modified', 'both-changed', 'yours']);
  expect(kinds('d6/f6.conf')).toEqual(['modified', 'modified', 'both-same', 'yours']);
  expect(kinds('d7/f7.conf')).toEqual(['unchanged', 'removed', 'yours-kept', 'yours']);
  expect(kinds('d8/f8.conf')).toEqual(['modified', 'removed', 'both-changed', 'yours']);
  expect(kinds('d9/f9.conf')).toEqual(['removed', 'removed', 'both-same', 'yours']);
  expect(kinds('d10/f10.conf')).toEqual(['unchanged', 'modified', 'yours-kept', 'yours']);
  expect(kinds('d10/f100.conf')).toEqual(['modified', 'unchanged', 'vendor-applied', 'vendor']);
  expect(kinds('new-1')).toEqual(['added', 'unchanged', 'vendor-applied', 'vendor']);
  expect(kinds('added-by-both')).toEqual(['added', 'added', 'both-changed', 'yours']);
  expect(kinds('added-same')).toEqual(['added', 'added', 'both-same', 'yours']);
  expect(kinds('gone/new-in-removed')).toEqual(['added', 'removed', 'both-changed', 'yours']);
  expect(kinds('größe.conf')).toEqual(['modified', 'modified', 'both-changed', 'yours']);
  expect(kinds('日本語')).toEqual(['unchanged', 'removed', 'yours-kept', 'yours']);
  expect(kinds('d15')).toEqual(['unchanged', 'modified', 'vendor-applied', 'vendor', 'not-kept']);
  expect(kinds('d16')).toEqual(['modified', 'modified', 'both-changed', 'yours']);
  expect(kinds('d17/f17.conf')).toBeUndefined();
  expect(kinds('a-pipe')).toEqual(['unchanged', 'added', 'vendor-applied', 'vendor', 'not-kept']);
  expect(entry(shown, 'link')?.type).toBe('file');
  expect(entry(shown, 'd13/f13.conf')?.type).toBe('symlink');
  expect(shown.entries.filter((e) => e.problem === 'blocks')).toEqual([]);
  expect(shown.entries.map((e) => e.path)).toEqual([...shown.entries.map((e) => e.path)].sort((a, b) => (a < b ? -1 : 1)));
  // config-diff counts what the merge takes over: topmost of what was removed, everything of what was added
  expect(shown.entries.filter((e) => e.yours !== 'unchanged').length).toBeGreaterThanOrEqual(40);

  // computing alone, inside the job, without the process's start: the best of three
  const times = [1, 2, 3].map(() => {
    using sysroot = Sysroot.open(fixture.sysroot);
    const none = (): never => {
      throw new Error('not used');
    };
    const before = process.cpuUsage();
    const again = etcPreview(
      {
        sysroot,
        dir: stateDir(fixture.sysroot, fixture.osname, false),
        gpg: () => [],
        parseSummary: none,
        fetcher: { fetch: none },
        images: { registry: none, fetchLayers: none },
        storedImage: none,
        openRepo: (at) => Repo.open(at),
        now: 0,
        objects: objectReader,
        ownAttributes,
        passesOverPipes: () => false,
      },
      { sysroot: fixture.sysroot, osname: fixture.osname, checksum: v1 },
    );
    expect(again.available).toBe(true);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  console.log(`/etc preview: ${Math.min(...times).toFixed(0)} ms`);
  expect(Math.min(...times)).toBeLessThan(1000);
});

async function blocked(checksum: string, where: string): Promise<void> {
  const shown = await preview(checksum);
  expect(shown.entries.filter((e) => e.problem === 'blocks').map((e) => e.path)).toEqual([where]);
  expect(() => fixture.deploy(checksum)).toThrow(/During \/etc merge/);
}

describe('what ostree’s merge stops at is said beforehand', () => {
  test.each<[string, (v: string) => void, (e: string) => void, (v: string) => void, string]>([
    ['a directory that became a link', (v) => write(v, 'd/f', '1'), (e) => link(e, 'd', 'elsewhere'), (v) => write(v, 'd/f', '2'), 'd'],
    ['a file where the vendor adds a directory', () => undefined, (e) => write(e, 'n', '1'), (v) => write(v, 'n/v', '1'), 'n'],
    ['an edit in what becomes a file', (v) => write(v, 'd/f', '1'), (e) => write(e, 'd/f', '2'), (v) => replace(v, 'd', 'file'), 'd/f'],
    ['a removal in what becomes a file', (v) => write(v, 'd/f', '1'), (e) => rmSync(`${e}/d/f`), (v) => replace(v, 'd', 'file'), 'd/f'],
  ])('%s', async (_, before, yours, after, where) => {
    const { v2 } = releases(before, yours, after);
    await blocked(v2, where);
  });

  // from 2024.2 on libostree passes over it (ostreedev/ostree#3143)
  const passedOver = ostreeIsAtLeast('2024.2');
  test(`a pipe in an added directory, ${passedOver ? 'where it is passed over' : 'where it is not passed over'}`, async () => {
    const { v1, v2 } = releases(
      () => undefined,
      (e) => (write(e, 'n/f', '1'), pipe(e, 'n/p')),
      (v) => write(v, 'q', '2'),
    );
    if (passedOver) await compare(v1, v2);
    else await blocked(v2, 'n/p');
  });
});

describe('odd corners are as libostree has them', () => {
  test.each<[string, (v: string) => void, (e: string) => void, (v: string) => void]>([
    [
      'both made a directory of a file: yours is lost',
      (v) => write(v, 'd', '1'),
      (e) => replace(e, 'd', { u: 'u' }),
      (v) => replace(v, 'd', { v: 'v' }),
    ],
    ['an added directory over a new file', () => undefined, (e) => write(e, 'n/sub/f', '1'), (v) => write(v, 'n', 'file')],
    [
      'the mode of a nested directory alone',
      (v) => write(v, 'a/b/c', '1'),
      (e) => chmodSync(`${e}/a/b`, 0o700),
      (v) => chmodSync(`${v}/a`, 0o711),
    ],
    [
      'a parent that was removed is made again',
      (v) => write(v, 'a/b/c', '1'),
      (e) => write(e, 'a/b/c', '2'),
      (v) => rmSync(`${v}/a`, { recursive: true }),
    ],
    ['a link that became a directory', (v) => link(v, 'l', 'x'), (e) => replace(e, 'l', { f: '1' }), (v) => link(v, 'l', 'y')],
    ['a pipe instead of a file', (v) => write(v, 'p', '1'), (e) => pipe(e, 'p'), (v) => write(v, 'q', '2')],
    ['a pipe in a directory that both added', () => undefined, (e) => (write(e, 'n/f', '1'), pipe(e, 'n/p')), (v) => write(v, 'n/q', '2')],
    ['a tree moved away', (v) => write(v, 'a/b/c', '1'), (e) => renameSync(`${e}/a`, `${e}/z`), (v) => write(v, 'a/b/d', '2')],
    ['no edits', (v) => write(v, 'a/b', '1'), () => undefined, (v) => write(v, 'a/b', '2')],
    ['nothing new', (v) => write(v, 'a/b', '1'), (e) => write(e, 'a/b', '2'), (v) => lstatSync(v)],
    ['emptied by the vendor', (v) => write(v, 'a/b', '1'), (e) => write(e, 'c', '2'), (v) => rmSync(`${v}/a`, { recursive: true })],
  ])('%s', async (_, before, yours, after) => {
    const { v1, v2 } = releases(before, yours, after);
    await compare(v1, v2);
  });

  test('a directory that the vendor made a link is written through', async () => {
    const { v2 } = releases(
      (v) => write(v, 'd/f', '1'),
      (e) => write(e, 'd/f', '2'),
      (v) => (write(v, 'e/g', '1'), link(v, 'd', 'e')),
    );
    expect(entry(await preview(v2), 'd/f')).toMatchObject({ problem: 'through-link', vendor: 'removed', yours: 'modified' });
    expect(listTree(path.join(fixture.deploy(v2), 'etc')).has('e/f')).toBe(true);
  });

  test('a name that isn’t UTF-8 is listed, escaped', async () => {
    const { v2 } = releases(
      () => undefined,
      (e) => writeFileSync(Buffer.concat([Buffer.from(`${e}/caf`), Buffer.from([0xe9])]), 'x'),
      (v) => write(v, 'q', '2'),
    );
    expect(entry(await preview(v2), 'caf\\xe9')).toMatchObject({ yours: 'added', kind: 'yours-kept', outcome: 'yours' });
  });
});

function write(root: string, name: string, text: string): void {
  mkdirSync(path.dirname(`${root}/${name}`), { recursive: true });
  writeFileSync(`${root}/${name}`, text);
}

function link(root: string, name: string, target: string): void {
  rmSync(`${root}/${name}`, { recursive: true, force: true });
  symlinkSync(target, `${root}/${name}`);
}

function replace(root: string, name: string, by: string | Record<string, string>): void {
  rmSync(`${root}/${name}`, { recursive: true, force: true });
  if (typeof by === 'string') write(root, name, by);
  else for (const [file, text] of Object.entries(by)) write(root, `${name}/${file}`, text);
}

function pipe(root: string, name: string): void {
  rmSync(`${root}/${name}`, { force: true });
  sh('mkfifo', `${root}/${name}`);
}
