// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OstreeServer } from './ostree-server.ts';
import { Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let v2: string;

beforeAll(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  fixture.install(await server.start(), fixture.release({ version: '1' }));
  v2 = fixture.release({ version: '2', files: 6 });
  // everything of it is in the sysroot's repository from an earlier job, and no deployment uses it
  await job('update.upgrade', { ...os(), downloadOnly: true });
});

afterAll(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const status = (): string => sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`);
const partial = (): string => sh('find', path.join(fixture.repo, 'state'), '-name', '*.commitpartial').trim();
const fsck = (): number | null => spawnSync('ostree', ['fsck', '--quiet', `--repo=${fixture.repo}`]).status;

/** Path of the object of a file or directory of a commit; that of the directory's entries when `type` is dirtree. */
function objectFile(commit: string, at: string, type: 'file' | 'dirtree' | 'dirmeta'): string {
  const line = sh('ostree', `--repo=${fixture.repo}`, 'ls', '-C', '-d', commit, at);
  const [first = '', second = ''] = line.match(/[0-9a-f]{64}/g) ?? [];
  const checksum = type === 'dirtree' ? first : type === 'dirmeta' ? second : first;
  const file = path.join(fixture.repo, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.${type}`);
  // the first release came by hard links from the server's repository, which has to stay whole
  if (type !== 'file') {
    const bytes = readFileSync(file);
    rmSync(file);
    writeFileSync(file, bytes);
  }
  return file;
}

const newFile = (i: number): string => `/usr/share/test/file-2-${i}`;

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(file, bytes);
}

const zeros = (file: string): void => writeFileSync(file, Buffer.alloc(statSync(file).size));

const damages: readonly [title: string, at: string, type: 'file' | 'dirtree' | 'dirmeta', damage: (file: string) => void][] = [
  ['zeros in a file', newFile(0), 'file', zeros],
  ['a file cut off', newFile(1), 'file', (file) => truncateSync(file, 1000)],
  ['a flipped bit in a file', newFile(3), 'file', (file) => flip(file, 1500)],
  ['a missing file', newFile(4), 'file', (file) => rmSync(file)],
  ['a missing file that deployments use', '/usr/lib/modules/6.1.0-test/vmlinuz', 'file', (file) => rmSync(file)],
  ['a flipped bit in a directory', '/usr/share/test', 'dirtree', (file) => flip(file, 3)],
  ['an emptied directory', '/usr/lib', 'dirtree', (file) => truncateSync(file, 0)],
  ['a flipped bit in the attributes of directories', '/usr/share', 'dirmeta', (file) => flip(file, 2)],
];

test.each(damages)('%s: nothing is staged, and the object is named', async (_, at, type, damage) => {
  const file = objectFile(v2, at, type);
  const before = readFileSync(file);
  damage(file);
  const name = path.basename(path.dirname(file)) + path.basename(file);
  await expect(job('update.upgrade', { ...os(), cacheOnly: true })).rejects.toMatchObject({
    code: 'repo.objects-damaged',
    report: {
      subject: v2.slice(0, 12),
      // all directories share their attributes
      detail: expect.stringContaining(`${name} (${type === 'dirmeta' ? '/' : at})`) as string,
      facts: { count: 1, repo: fixture.repo },
    },
  });
  expect(status()).not.toContain('Version: 2');
  // without a source, what is there is left as it is
  expect(partial()).toBe('');
  expect(fsck()).not.toBe(0);
  writeFileSync(file, before);
  // of what it found missing, fsck marks the commits as incomplete
  for (const mark of partial().split('\n')) rmSync(mark, { force: true });
});

test('other kernel arguments for a commit whose directory is damaged: nothing is staged', async () => {
  const file = objectFile(fixture.commits[0] as string, '/usr/share', 'dirtree');
  const before = readFileSync(file);
  flip(file, 2);
  await expect(
    job('sysroot.kargs', { ...os(), append: ['a=b'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] }),
  ).rejects.toMatchObject({ code: 'repo.objects-damaged' });
  writeFileSync(file, before);
  expect(status()).not.toContain('.1');
});

test('all files at once, with the source at hand: only these are fetched again, and the update is deployed whole', async () => {
  const some = damages.filter(([, , type]) => type === 'file');
  const files = some.map(([, at, type]) => objectFile(v2, at, type));
  some.forEach(([, , , damage], i) => damage(files[i] as string));
  server.resetCounts();
  const { result, events } = await job('update.upgrade', os());
  expect(result).toMatchObject({ changed: true, toVersion: '2', checksum: v2 });
  expect(fsck()).toBe(0);
  expect(status()).toContain('Version: 2');
  expect(events.flatMap((event) => (event.type === 'message' ? [event.text] : [])).join('\n')).toContain(newFile(3));
  const fetched = [...server.served.keys()].filter((url) => url.endsWith('.filez')).map((url) => url.replace(/z$/, ''));
  expect(fetched.sort()).toEqual(files.map((file) => path.join('/', path.relative(fixture.repo, file))).sort());
  for (const i of [0, 1, 2, 3, 4, 5]) expect(sh('ostree', `--repo=${fixture.repo}`, 'cat', v2, newFile(i)).length).toBeGreaterThan(1000);
});

test('a directory which the next version shares is damaged: it is fetched again', async () => {
  const next = fixture.release({ version: '3', files: 1 });
  zeros(objectFile(v2, '/usr/lib/modules', 'dirtree'));
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, checksum: next });
  expect(fsck()).toBe(0);
  // no commit is left marked as incomplete
  expect(partial()).toBe('');
});

test('what `ostree fsck --delete` removed is fetched again, also when nothing of what was fetched is kept', async () => {
  const next = fixture.release({ version: '4' });
  await job('update.upgrade', { ...os(), downloadOnly: true });
  flip(objectFile(next, '/usr/share/test/file-4-0', 'file'), 7);
  spawnSync('ostree', ['fsck', '--delete', '--quiet', `--repo=${fixture.repo}`]);
  expect(partial()).toContain(next);
  rmSync(path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/cache/treeline/fetch'), { recursive: true });
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, checksum: next });
  expect(fsck()).toBe(0);
});
