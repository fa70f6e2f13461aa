// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pkglistOfPackages } from '../../main/engine/base/diff/index.ts';
import { readRpmdb, writeRpmdb } from '../../main/native/rpm/index.ts';
import { makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { EtcFixture } from './etc-fixture.ts';
import { OstreeServer } from './ostree-server.ts';
import { job, sh } from './sysroot-fixture.ts';

let fixture: EtcFixture;
let server: OstreeServer;
let url: string;
beforeEach(async () => {
  fixture = new EtcFixture();
  server = new OstreeServer(fixture.server);
  url = await server.start();
});
afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname: fixture.osname });
const kinds = (): string[] => [...new Set([...server.served.keys()].filter((u) => u.startsWith('/objects/')).map((u) => path.extname(u)))];

const log = (...versions: number[]): string =>
  versions.map((v) => `* Mon Jan 0${v} 2024 Ida Brook <ida@meadow.example> - ${v}-1\n- Version ${v}\n`).join('\n');
const before: RpmSource[] = [
  { name: 'brook', version: '1', changelog: log(1), files: { '/usr/bin/brook': 'one' } },
  { name: 'wren', version: '1', changelog: log(1) },
  { name: 'gone', version: '1' },
];
const after: RpmSource[] = [
  { name: 'brook', version: '3', changelog: log(3, 2, 1), files: { '/usr/bin/brook': 'a longer one' } },
  { name: 'wren', version: '1', changelog: log(1) },
  { name: 'fern', version: '7', summary: 'New here' },
];

/** A commit as other composers make them: an RPM database, a list of packages if `pkglist`, nothing of ours. */
function commitPackages(
  version: string,
  sources: readonly RpmSource[],
  options: { pkglist: boolean; branch?: string; parent?: string },
): string {
  const place = path.join(fixture.tree, 'usr/share/rpm');
  rmSync(place, { recursive: true, force: true });
  const packages = makeRpms(path.join(fixture.dir, 'packages'), sources);
  writeRpmdb({ root: fixture.tree, dbPath: '/usr/share/rpm', packages, installTimeSeconds: 1_700_000_000 });
  const rows = pkglistOfPackages(readRpmdb({ root: fixture.tree, dbPath: '/usr/share/rpm' }));
  const text = rows.map((row) => `(${row.map((cell) => `'${cell}'`).join(',')})`).join(',');
  return fixture.commit(version, [
    ...(options.pkglist ? [`--add-metadata=rpmostree.rpmdb.pkglist=@a(sssss) [${text}]`] : []),
    ...(options.branch ? ['-b', options.branch] : []),
    ...(options.parent ? [`--parent=${options.parent}`] : []),
  ]);
}

describe('another branch, version, commit', () => {
  test('only commit objects come, the pending update stays what it is', async () => {
    const v1 = commitPackages('1', before, { pkglist: true });
    fixture.install(v1, url);
    fixture.write('usr/share/content', 'two');
    const v2 = fixture.commit('2');
    await job('update.check', os());
    const other = commitPackages('9', after, { pkglist: true, branch: 'etc/testing', parent: 'none' });
    server.resetCounts();
    const { result } = await job('update.preview', { ...os(), refspec: 'origin:etc/testing' });
    expect(result).toMatchObject({ fromChecksum: v1, toChecksum: other, toVersion: '9', source: 'pkglist' });
    expect(result.packages.map((p) => `${p.kind} ${p.name}`)).toEqual(['upgraded brook', 'added fern', 'removed gone']);
    expect(result.packages[0]?.changelog).toBeUndefined();
    expect(kinds()).toEqual(['.commit']);
    expect((await job('update.cached', os())).result).toMatchObject({ kind: 'available', update: { checksum: v2 } });
    expect((await job('update.details', os())).result).toMatchObject({ toChecksum: v2 });
    // by version and by checksum, of the own branch and of another one
    expect((await job('update.preview', { ...os(), revision: 'version=2' })).result).toMatchObject({ toChecksum: v2 });
    expect((await job('update.preview', { ...os(), revision: other })).result).toMatchObject({ toChecksum: other, toVersion: '9' });
    await expect(job('update.preview', { ...os(), revision: v1 })).rejects.toMatchObject({ code: 'update.none' });
    await expect(job('update.preview', { ...os(), revision: '77' })).rejects.toMatchObject({ code: 'repo.revision-not-found' });
    await expect(job('update.preview', { ...os(), refspec: 'nowhere:x' })).rejects.toMatchObject({ code: 'origin.remote-missing' });
    await expect(job('update.preview', { ...os(), refspec: 'origin:no/such' })).rejects.toMatchObject({ code: /repo\.(ref-)?not-found/ });
    expect(kinds()).toEqual(['.commit']);
  });

  test('a long foreign history isn’t fetched further back than the booted system’s time', async () => {
    for (let i = 0; i < 12; i++) fixture.commit(`old-${i}`, ['-b', 'etc/other']);
    fixture.install(fixture.commit('1'), url);
    fixture.commit('new', ['-b', 'etc/other']);
    server.resetCounts();
    await job('update.preview', { ...os(), refspec: 'origin:etc/other' });
    // the newest, and one lot of its parents at most
    expect([...server.served.keys()].filter((u) => u.endsWith('.commit')).length).toBeLessThanOrEqual(10);
  });
});

describe('repositories composed by others', () => {
  test.each([true, false])('changelogs from the RPM database, its size said before (package list in the commit: %s)', async (pkglist) => {
    const v1 = commitPackages('1', before, { pkglist });
    fixture.install(v1, url);
    fixture.write('usr/share/big', Buffer.alloc(200_000, 'z'));
    fixture.write('usr/bin/other', 'not wanted');
    const v2 = commitPackages('2', after, { pkglist });
    await job('update.check', os());
    const asked = (await job('update.details', os())).result;
    expect(asked).toMatchObject({ toChecksum: v2, source: pkglist ? 'pkglist' : 'none' });
    expect(asked.rpmdbBytes).toBeGreaterThan(1000);
    expect(kinds()).toEqual(['.commit']);

    server.resetCounts();
    const { result } = await job('update.details', { ...os(), fetchRpmdb: true });
    expect(result).toMatchObject({ source: 'rpmdb', fromChecksum: v1, toChecksum: v2 });
    expect(result.rpmdbBytes).toBeUndefined();
    expect(result.packages).toMatchObject([
      {
        kind: 'upgraded',
        name: 'brook',
        from: { version: '1' },
        to: { version: '3' },
        changelog: [{ text: '- Version 3' }, { text: '- Version 2' }],
        sizeDeltaBytes: 'a longer one'.length - 'one'.length,
      },
      { kind: 'added', name: 'fern', summary: 'New here' },
      { kind: 'removed', name: 'gone' },
    ]);
    // one file of content: the database; the estimate was of its kind
    const content = [...server.served.keys()].filter((u) => u.endsWith('.filez'));
    expect(content.length).toBe(1);
    expect(server.bytes).toBeLessThan((asked.rpmdbBytes as number) * 2);
    expect(server.bytes).toBeGreaterThan((asked.rpmdbBytes as number) / 2);

    // offline, and after what was fetched is gone
    await server.stop();
    const sizes = { ...result.sizes, freeBytes: expect.any(Number) as number };
    expect((await job('update.details', os())).result).toEqual({ ...result, sizes });
    rmSync(path.join(fixture.sysroot, 'ostree/deploy', fixture.osname, 'var/cache/treeline'), { recursive: true });
    expect((await job('update.details', os())).result.packages).toEqual(result.packages);
    server = new OstreeServer(fixture.server);
    await server.start();
  });

  test('the same for another branch', async () => {
    fixture.install(commitPackages('1', before, { pkglist: true }), url);
    commitPackages('9', after, { pkglist: true, branch: 'etc/testing', parent: 'none' });
    const { result } = await job('update.preview', { ...os(), refspec: 'origin:etc/testing', fetchRpmdb: true });
    expect(result.source).toBe('rpmdb');
    expect(result.packages[0]?.changelog?.map((e) => e.text)).toEqual(['- Version 3', '- Version 2']);
  });

  test('a database that was tampered with after it was fetched isn’t read', async () => {
    fixture.install(commitPackages('1', before, { pkglist: true }), url);
    const v2 = commitPackages('2', after, { pkglist: true });
    await job('update.check', os());
    await job('update.details', { ...os(), fetchRpmdb: true });
    const sum = sh('ostree', `--repo=${fixture.server}`, 'ls', '-C', v2, '/usr/share/rpm/rpmdb.sqlite')
      .trim()
      .split(/\s+/)
      .at(-2) as string;
    const cache = path.join(fixture.sysroot, 'ostree/deploy', fixture.osname, 'var/cache/treeline/fetch');
    const other = sh('bash', '-c', `ls ${fixture.server}/objects/*/*.filez`).trim().split('\n');
    sh('cp', other.find((f) => !f.includes(sum.slice(2))) as string, `${cache}/objects/${sum.slice(0, 2)}/${sum.slice(2)}.filez`);
    // what was kept as text is another matter: only what is read anew counts
    rmSync(path.join(fixture.sysroot, 'ostree/deploy', fixture.osname, 'var/lib/treeline/update-details.json'));
    await expect(job('update.details', os())).rejects.toMatchObject({ code: 'repo.corrupt' });
  });
});

test('ten releases cost at most a fiftieth of the RPM database, and are there offline', async () => {
  const bench = path.resolve(import.meta.dirname, '../bench/preview.bench.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bench], {
    env: { ...process.env, TREELINE_BENCH_PACKAGES: '60' },
  });
  const line = JSON.parse(stdout.trim().split('\n').at(-1) as string) as { ratio: number; value: number; changelogEntries: number };
  expect(line.ratio).toBeLessThanOrEqual(1 / 50);
  // two new entries of two packages in each of ten releases
  expect(line.changelogEntries).toBe(40);
  expect(line.value).toBeGreaterThan(1000);
});

test('`treeline diff` prints the report', async () => {
  const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');
  const treeline = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, [cli, 'diff', `--sysroot=${fixture.sysroot}`, ...args], { maxBuffer: 1 << 26 })).stdout;
  fixture.write('usr/etc/app.conf', 'a\nb\nc\nd\ne\nf\ng\nend one\n');
  const v1 = commitPackages('1', before, { pkglist: true });
  fixture.install(v1, url);
  sh('bash', '-c', `sed -i s/^a$/mine/ '${fixture.deployment(v1)}/etc/app.conf'`);
  fixture.write('usr/etc/app.conf', 'a\nb\nc\nd\ne\nf\ng\nend two\n');
  const v2 = commitPackages('2', after, { pkglist: true });
  await job('update.check', os());
  const text = await treeline();
  for (const part of ['# Review: 1 → 2', '## Packages (3 changed)', '**brook**.noarch 1-1 → 3-1', v2]) expect(text).toContain(part);
  expect(await treeline('--etc')).toContain('Not known before the new defaults are fetched.');
  const whole = await treeline('--etc', '--fetch');
  expect(whole).toContain('| `/etc/app.conf` | file | modified | modified | both changed: yours stays |');
  expect(whole).toContain('Kernel: 6.1.0-test, unchanged');
  expect(whole).toContain('-a\n+mine');
  expect(whole).toContain('-end one\n+end two');
  fixture.take(v2);
  const json = JSON.parse(await treeline('--format=json', '--etc', '--files')) as Record<string, unknown>;
  expect(json).toMatchObject({
    kind: 'treeline-review',
    summary: { fromVersion: '1', toVersion: '2' },
    update: { source: 'rpmdb' },
    etc: { available: true },
    etcDiffs: [{ path: 'app.conf' }],
    files: { total: expect.any(Number) as number },
  });
  await expect(treeline('abc')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('isn’t the checksum') as string });
  expect(readFileSync(path.join(fixture.deployment(v1), 'etc/app.conf'), 'utf8')).toMatch(/^mine/);
});
