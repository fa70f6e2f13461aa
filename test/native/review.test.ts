// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EtcFixture } from './etc-fixture.ts';
import { OstreeServer } from './ostree-server.ts';
import { job, sh } from './sysroot-fixture.ts';

let fixture: EtcFixture;
let server: OstreeServer;
beforeEach(async () => {
  fixture = new EtcFixture();
  server = new OstreeServer(fixture.server);
  await server.start().then((at) => (url = at));
});
afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});
let url: string;

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname: fixture.osname });
const etc = (checksum: string): string => path.join(fixture.deployment(checksum), 'etc');
const served = (end: string): number => [...server.served.keys()].filter((u) => u.endsWith(end)).length;

/** Release 1 installed; release 2 on the server, found by a check, its content not fetched. */
async function pending(change: () => void): Promise<{ v1: string; v2: string }> {
  fixture.write('usr/etc/app.conf', 'one\n');
  fixture.write('usr/etc/keep.conf', 'kept\n');
  fixture.write('usr/share/blob', Buffer.alloc(400_000, 'x'));
  const v1 = fixture.commit('1');
  fixture.install(v1, url);
  change();
  const v2 = fixture.commit('2', ['--add-metadata-string=ostree.linux=6.2.0-test']);
  expect((await job('update.check', os())).result).toMatchObject({ kind: 'available', update: { checksum: v2 } });
  server.resetCounts();
  return { v1, v2 };
}

test('before staging: not available with its size, then only /usr/etc and the boot files’ names are fetched', async () => {
  const { v1, v2 } = await pending(() => {
    fixture.write('usr/etc/app.conf', 'two\n');
    fixture.write('usr/etc/new.conf', 'new\n');
    fixture.write('usr/share/blob', Buffer.alloc(500_000, 'y'));
    fixture.write('usr/share/another', Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) & 0xff)));
    fixture.write('usr/lib/modules/6.1.0-test/initramfs.img', 'another initramfs'.padEnd(90_000, 'j'));
  });
  writeFileSync(`${etc(v1)}/app.conf`, 'mine\n');
  const before = (await job('review.etc', os())).result;
  expect(before).toMatchObject({ available: false, toChecksum: v2, fromId: `${fixture.osname}-${v1}.0`, entries: [] });
  expect(before.fetchBytes).toBeGreaterThan(0);
  await expect(job('review.etc-file', { ...os(), path: 'app.conf' })).rejects.toMatchObject({ code: 'review.content-missing' });
  const early = (await job('review.summary', os())).result;
  expect(early).toMatchObject({ partial: true, kernel: { from: '6.1.0-test', to: '6.2.0-test' }, staged: false });
  expect(server.requests).toEqual([]);

  const { fetchedBytes } = (await job('review.fetch', os())).result;
  expect(fetchedBytes).toBeGreaterThan(0);
  // the changed and the new file; no other content
  expect(served('.filez')).toBe(2);
  expect(server.bytes).toBeLessThan(10_000);
  server.resetCounts();
  expect((await job('review.fetch', os())).result).toEqual({ fetchedBytes: 0 });
  expect(server.requests).toEqual([]);

  const after = (await job('review.etc', os())).result;
  expect(after.available).toBe(true);
  expect(after.entries).toEqual([
    { path: 'app.conf', type: 'file', vendor: 'modified', yours: 'modified', kind: 'both-changed', outcome: 'yours' },
    { path: 'new.conf', type: 'file', vendor: 'added', yours: 'unchanged', kind: 'vendor-applied', outcome: 'vendor' },
  ]);
  expect((await job('review.etc-file', { ...os(), path: 'app.conf' })).result).toEqual({
    path: 'app.conf',
    base: { exists: true, type: 'file', sizeBytes: 4, mode: 0o644, text: 'one\n' },
    yours: { exists: true, type: 'file', sizeBytes: 5, mode: 0o644, text: 'mine\n' },
    vendor: { exists: true, type: 'file', sizeBytes: 4, mode: 0o644, text: 'two\n' },
  });
  const late = (await job('review.summary', os())).result;
  expect(late.partial).toBeUndefined();
  expect(late).toMatchObject({
    fromVersion: '1',
    toVersion: '2',
    kernel: { from: '6.1.0-test', to: '6.1.0-test' },
    initramfs: { changed: true, fromBytes: 70_000, toBytes: 90_000 },
    kernelArgs: { current: ['quiet', 'root=LABEL=a'], next: ['quiet', 'root=LABEL=a'], added: [], removed: [] },
    backTo: { id: `${fixture.osname}-${v1}.0`, version: '1' },
  });
  // kernel, initramfs, and a margin
  expect(late.boot.needBytes).toBe(50_000 + 90_000 + (1 << 20));
  expect(late.boot.freeBytes).toBeGreaterThan(0);

  // the update goes on from what is here
  await job('update.upgrade', os());
  expect(sh('ostree', 'fsck', `--repo=${fixture.repo}`)).toContain('no errors found');
  const deployed = fixture.deployment(v2);
  expect(readFileSync(path.join(deployed, 'etc/app.conf'), 'utf8')).toBe('mine\n');
  expect(existsSync(path.join(deployed, 'etc/new.conf'))).toBe(true);
});

test('what was tampered with after it was fetched is refused', async () => {
  const { v2 } = await pending(() => fixture.write('usr/etc/app.conf', 'two\n'));
  await job('review.fetch', os());
  const cache = path.join(fixture.sysroot, 'ostree/deploy', fixture.osname, 'var/cache/treeline/fetch');
  const sum = sh('ostree', `--repo=${fixture.server}`, 'ls', '-C', v2, '/usr/etc/app.conf').trim().split(/\s+/).at(-2) as string;
  const object = path.join(cache, 'objects', sum.slice(0, 2), `${sum.slice(2)}.filez`);
  const other = sh('bash', '-c', `ls ${fixture.server}/objects/*/*.filez`)
    .trim()
    .split('\n')
    .find((f) => !f.includes(sum.slice(2)));
  sh('cp', other as string, object);
  await expect(job('review.etc-file', { ...os(), path: 'app.conf' })).rejects.toMatchObject({ code: 'repo.corrupt' });
});

describe('one file three ways', () => {
  const side = async (name: string, more: object = {}): Promise<unknown> => {
    const { result } = await job('review.etc-file', { ...os(), path: name, ...more });
    return result.yours;
  };

  test('binary, too large, private, links, nothing', async () => {
    const { v1, v2 } = await pending(() => fixture.write('usr/etc/app.conf', Buffer.from([0, 1, 2])));
    fixture.take(v2);
    const mine = etc(v1);
    writeFileSync(`${mine}/latin1`, Buffer.from('caf\xe9', 'latin1'));
    writeFileSync(`${mine}/large`, '');
    truncateSync(`${mine}/large`, 512 * 1024 + 1);
    writeFileSync(`${mine}/largest`, 'l'.repeat(512 * 1024));
    writeFileSync(`${mine}/secret`, 'root:$y$hash\n', { mode: 0o600 });
    mkdirSync(`${mine}/closed`, { mode: 0o700 });
    writeFileSync(`${mine}/closed/open`, 'x\n', { mode: 0o644 });
    symlinkSync('app.conf', `${mine}/a-link`);
    sh('mkfifo', `${mine}/pipe`);
    const { result } = await job('review.etc-file', { ...os(), path: 'app.conf' });
    expect(result.vendor).toEqual({ exists: true, type: 'file', sizeBytes: 3, mode: 0o644, noText: 'binary' });
    expect(await side('latin1')).toMatchObject({ noText: 'binary' });
    expect(await side('large')).toMatchObject({ noText: 'too-large', sizeBytes: 512 * 1024 + 1 });
    expect(await side('largest')).toMatchObject({ text: 'l'.repeat(512 * 1024) });
    expect(await side('secret')).toEqual({ exists: true, type: 'file', sizeBytes: 13, mode: 0o600, noText: 'unreadable' });
    expect(await side('closed/open')).toMatchObject({ noText: 'unreadable' });
    expect(await side('secret', { includePrivate: true })).toMatchObject({ text: 'root:$y$hash\n' });
    expect(await side('a-link')).toMatchObject({ type: 'symlink', linkTarget: 'app.conf' });
    expect(await side('pipe')).toMatchObject({ type: 'other' });
    expect(await side('closed')).toMatchObject({ type: 'directory', mode: 0o700 });
    expect(await side('no/such')).toEqual({ exists: false });
  });

  test.each(['../passwd', '/etc/passwd', 'a/../../x', './app.conf', 'a//b', '', 'a\0b', '..'])('path %j is refused', async (name) => {
    const { v2 } = await pending(() => fixture.write('usr/etc/app.conf', 'two\n'));
    fixture.take(v2);
    await expect(side(name)).rejects.toMatchObject({ code: 'review.path-refused', report: { subject: name } });
  });

  test('links never lead out of /etc', async () => {
    const { v1, v2 } = await pending(() => fixture.write('usr/etc/app.conf', 'two\n'));
    fixture.take(v2);
    const outside = path.join(fixture.dir, 'outside');
    mkdirSync(outside);
    writeFileSync(path.join(outside, 'secret'), 'not for you\n');
    symlinkSync(outside, `${etc(v1)}/away`);
    symlinkSync('../../../../../../outside', `${etc(v1)}/up`);
    symlinkSync(path.join(outside, 'secret'), `${etc(v1)}/direct`);
    expect(await side('away/secret')).toEqual({ exists: false });
    expect(await side('up/secret')).toEqual({ exists: false });
    const direct = await side('direct');
    expect(direct).toMatchObject({ type: 'symlink', linkTarget: path.join(outside, 'secret') });
    expect(JSON.stringify(direct)).not.toContain('not for you');
    // the directory of everything itself
    const real = etc(v1);
    sh('bash', '-c', `chattr -i '${path.dirname(real)}' 2>/dev/null || true`);
    sh('mv', real, `${real}-moved`);
    symlinkSync(outside, real);
    expect(await side('secret')).toEqual({ exists: false });
    rmSync(real);
    sh('mv', `${real}-moved`, real);
  });
});

describe('files of two commits', () => {
  test('tree: what ostree diff lists, with sizes, limit and prefix', async () => {
    fixture.write('usr/share/a', '1');
    fixture.write('usr/share/gone/x', '1');
    fixture.write('usr/share/same/x', '1');
    fixture.write('usr/share/becomes', 'file');
    fixture.write('usr/bin/tool', 'tool');
    const v1 = fixture.commit('1');
    fixture.install(v1, url);
    fixture.write('usr/share/a', '12345');
    rmSync(path.join(fixture.tree, 'usr/share/gone'), { recursive: true });
    rmSync(path.join(fixture.tree, 'usr/share/becomes'));
    fixture.write('usr/share/becomes/inside', 'x');
    fixture.write('usr/share/new/y', 'yy');
    symlinkSync('y', path.join(fixture.tree, 'usr/share/new/link'));
    chmodSync(path.join(fixture.tree, 'usr/bin/tool'), 0o755);
    const v2 = fixture.commit('2');
    fixture.take(v2);
    const pair = { sysroot: fixture.sysroot, from: v1, to: v2 };
    const { result } = await job('review.tree', { ...pair, limit: 100 });
    expect(result).toEqual({
      fromChecksum: v1,
      toChecksum: v2,
      changes: [
        { path: '/usr/bin/tool', kind: 'modified', type: 'file', fromSizeBytes: 4, toSizeBytes: 4 },
        { path: '/usr/share/a', kind: 'modified', type: 'file', fromSizeBytes: 1, toSizeBytes: 5 },
        { path: '/usr/share/becomes', kind: 'modified', type: 'directory', fromSizeBytes: 4 },
        { path: '/usr/share/becomes/inside', kind: 'added', type: 'file', toSizeBytes: 1 },
        { path: '/usr/share/gone', kind: 'removed', type: 'directory' },
        { path: '/usr/share/gone/x', kind: 'removed', type: 'file', fromSizeBytes: 1 },
        { path: '/usr/share/new', kind: 'added', type: 'directory' },
        { path: '/usr/share/new/link', kind: 'added', type: 'symlink', toSizeBytes: 0 },
        { path: '/usr/share/new/y', kind: 'added', type: 'file', toSizeBytes: 2 },
      ],
      total: 9,
    });
    const told = sh('ostree', `--repo=${fixture.repo}`, 'diff', v1, v2).trim().split('\n');
    const names = told.map((line) => line.replace(/^\S+\s+/, '')).sort();
    expect(result.changes.map((c) => c.path)).toEqual(expect.arrayContaining(names));
    // ostree diff doesn't list what is in a directory that is gone
    expect(result.changes.length - names.length).toBeLessThanOrEqual(2);
    const some = (await job('review.tree', { ...pair, limit: 1, prefix: '/usr/share/new' })).result;
    expect(some).toMatchObject({ total: 2, changes: [{ path: '/usr/share/new/link' }] });
    expect((await job('review.tree', { ...pair, limit: 5, prefix: '/no/such' })).result).toMatchObject({ total: 0, changes: [] });
    await expect(job('review.tree', { ...pair, limit: 5, prefix: '/usr/../etc' })).rejects.toMatchObject({ code: 'review.path-refused' });

    const text = async (name: string): Promise<unknown> => (await job('review.file', { ...pair, path: name })).result;
    expect(await text('/usr/share/a')).toMatchObject({ from: { text: '1' }, to: { text: '12345' } });
    expect(await text('/usr/share/new/link')).toMatchObject({ from: { exists: false }, to: { type: 'symlink', linkTarget: 'y' } });
    expect(await text('/usr/share/becomes')).toMatchObject({ from: { text: 'file' }, to: { type: 'directory' } });
    await expect(text('usr/share/a')).rejects.toMatchObject({ code: 'review.path-refused' });
    await expect(text('/usr/../a')).rejects.toMatchObject({ code: 'review.path-refused' });
    const missing = job('review.tree', { ...pair, to: '0'.repeat(64), limit: 1 });
    await expect(missing).rejects.toMatchObject({ code: 'repo.revision-not-found' });
  });

  test('a commit whose files aren’t here is said by name', async () => {
    const { v1, v2 } = await pending(() => fixture.write('usr/share/blob', 'other'));
    const tree = job('review.tree', { sysroot: fixture.sysroot, from: v1, to: v2, limit: 10 });
    await expect(tree).rejects.toMatchObject({ code: 'review.content-missing' });
  });
});
