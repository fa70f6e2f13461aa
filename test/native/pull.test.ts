// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runJob, type JobEvent } from '../../main/engine/jobs/index.ts';
import { OstreeServer, type Fault } from './ostree-server.ts';
import { Fixture, job, osname, sh, worker } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let url: string;

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  url = await server.start();
  fixture.install(url, fixture.release({ version: '1' }));
});

afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const fsck = (): string => sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
const status = (): string => sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`);
const cache = (): string => path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/cache/treeline');
const package_ = (name: string, version: string): object => ({ name, epoch: 0, version, release: '1', arch: 'x86_64' });

describe('check: three states that never mix', () => {
  test.each<[Fault, string]>([
    ['403', 'repo.http-status'],
    ['404', 'repo.not-found'],
    ['garbage', 'repo.garbage'],
  ])('a server answering %s is "could not check", not "up to date"', async (fault, code) => {
    const good = (await job('update.check', { ...os(), now: 1000 })).result;
    expect(good).toEqual({ kind: 'up-to-date', checkedAt: 1000 });
    server.fault = fault;
    const failed = (await job('update.check', { ...os(), now: 2000 })).result;
    expect(failed).toMatchObject({ kind: 'failed', failedAt: 2000, since: 1000, error: { code } });
    expect((await job('update.cached', os())).result).toEqual(failed);
    server.fault = 'none';
    expect((await job('update.check', { ...os(), now: 3000 })).result).toEqual({ kind: 'up-to-date', checkedAt: 3000 });
  });

  test('a server that is gone', async () => {
    await server.stop();
    const { result } = await job('update.check', { ...os(), now: 2000 });
    expect(result).toMatchObject({ kind: 'failed', since: 0, error: { code: 'repo.unreachable' } });
    server = new OstreeServer(fixture.server);
    await server.start();
  });

  test('a server that takes the connection and says nothing', async () => {
    server.fault = 'silence';
    const { result } = await job('update.check', os(), { env: { TREELINE_FETCH_TIMEOUT: '2' } });
    expect(result).toMatchObject({
      kind: 'failed',
      error: { code: 'repo.unreachable', subject: url, detail: 'no answer within 2 seconds' },
    });
  });

  test('what an earlier check found stays in view when the next one fails (field report 8)', async () => {
    const v2 = fixture.release({ version: '2' });
    expect((await job('update.check', os())).result).toMatchObject({ kind: 'available', update: { checksum: v2 } });
    server.fault = '403';
    expect((await job('update.check', os())).result).toMatchObject({ kind: 'failed', last: { checksum: v2, version: '2' } });
  });

  test('never checked', async () => {
    expect((await job('update.cached', os())).result).toEqual({ kind: 'never' });
    await expect(job('update.details', os())).rejects.toMatchObject({ code: 'update.none' });
  });

  test('only commit objects are fetched, every one back to what is installed', async () => {
    for (let i = 2; i <= 14; i++) fixture.release({ version: String(i) });
    server.resetCounts();
    await job('update.check', os());
    const kinds = [...server.served.keys()].filter((u) => u.startsWith('/objects/')).map((u) => path.extname(u));
    expect(new Set(kinds)).toEqual(new Set(['.commit']));
    expect(kinds.length).toBe(13);
    const details = (await job('update.details', os())).result;
    expect(details.releases.map((r) => r.version)).toEqual(Array.from({ length: 13 }, (_, i) => String(14 - i)));
  });
});

test('details: changes of all releases in between, merged, from the commit objects alone (field report 25)', async () => {
  const base = { format: 1, timeSeconds: 1, installedSizeBytes: 10, installedSizeDeltaBytes: 5 };
  const entry = (text: string, timeSeconds: number): object => ({ timeSeconds, author: 'A <a@example.org>', text });
  const advisory = {
    id: 'TEST-1',
    kind: 'security',
    severity: 'important',
    title: 't',
    description: 'd',
    issuedSeconds: 1,
    references: [{ kind: 'cve', id: 'CVE-2026-1', title: '', url: '' }],
    packages: ['a-2-1.x86_64'],
  };
  const upgrade = (from: string, to: string, text: string, time: number, advisories: string[] = []): object => ({
    kind: 'upgraded',
    name: 'a',
    arch: 'x86_64',
    from: package_('a', from),
    to: package_('a', to),
    changelog: [entry(text, time)],
    advisories,
  });
  const second = { ...base, version: '2', packages: [upgrade('1', '2', '- two', 200, ['TEST-1'])], advisories: [advisory] };
  const third = { ...base, version: '3', packages: [upgrade('2', '3', '- three', 300)], advisories: [] };
  fixture.release({ version: '2', changes: second });
  fixture.release({ version: '3', changes: third });
  const check = (await job('update.check', os())).result;
  expect(check).toMatchObject({
    kind: 'available',
    update: { counts: { upgraded: 1, added: 0 }, security: { count: 1, worst: 'important' } },
  });
  const details = (await job('update.details', os())).result;
  expect(details).toMatchObject({ source: 'treeline.changes', fromVersion: '1', toVersion: '3', sizes: { installedDeltaBytes: 10 } });
  expect(details.packages).toMatchObject([{ kind: 'upgraded', from: { version: '1' }, to: { version: '3' }, advisories: ['TEST-1'] }]);
  expect(details.packages[0]?.changelog?.map((c) => c.text)).toEqual(['- three', '- two']);
});

test('a full disk is found out before the download, with numbers (field report 10)', async () => {
  const small = new Fixture();
  const other = new OstreeServer(small.server);
  try {
    small.install(await other.start(), small.release({ version: '1' }), ['--no-gpg-verify'], 30);
    small.release({ version: '2', files: 12, fileBytes: 1_000_000 });
    await expect(job('update.upgrade', { sysroot: small.sysroot, osname })).rejects.toMatchObject({
      code: 'disk.full',
      report: { subject: small.sysroot, facts: { needBytes: expect.any(Number), freeBytes: expect.any(Number) } },
    });
    expect([...other.served.keys()].some((u) => u.endsWith('.filez'))).toBe(false);
    sh('ostree', 'fsck', '--quiet', `--repo=${small.repo}`);
  } finally {
    await other.stop();
    small[Symbol.dispose]();
  }
});

test('without change lists: the package lists are compared', async () => {
  const list = (version: string): string => `--add-metadata=rpmostree.rpmdb.pkglist=[('a', '0', '${version}', '1', 'noarch')]`;
  const v2 = fixture.release({ version: '2', metadata: [list('1')] });
  await job('update.upgrade', os());
  fixture.release({ version: '3', metadata: [list('1.1')] });
  await job('update.check', os());
  const details = (await job('update.details', os())).result;
  expect(details).toMatchObject({
    source: 'pkglist',
    fromChecksum: v2,
    packages: [{ kind: 'upgraded', name: 'a', to: { version: '1.1' } }],
  });
});

test('the download size is known before and is what goes over the line (field report 17)', async () => {
  fixture.release({ version: '2', files: 50 });
  const check = (await job('update.check', os())).result;
  if (check.kind !== 'available') throw new Error(`unexpected ${check.kind}`);
  const { sizes } = check.update;
  if (!sizes) throw new Error('no sizes');
  expect(sizes.downloadExact).toBe(true);
  server.resetCounts();
  const { events } = await job('update.upgrade', os());
  const fetched = [...server.served.keys()].filter((u) => u.startsWith('/objects/') && !u.endsWith('.commit'));
  const bytes = fetched.reduce((sum, u) => sum + statSync(path.join(fixture.server, u)).size, 0);
  expect(fetched.length).toBe(sizes.downloadObjects);
  expect(bytes).toBe(sizes.downloadBytes);
  const totals = events.flatMap((e) => (e.type === 'progress' && e.progress.step === 'pull' ? [e.progress.bytesTotal] : []));
  expect(new Set(totals)).toEqual(new Set([sizes.downloadBytes]));
  fsck();
  // nothing but commits is kept of it afterwards
  await job('update.check', os());
  expect(sh('find', path.join(cache(), 'fetch/objects'), '-type', 'f').trim().split('\n')).toEqual(
    expect.not.arrayContaining([expect.stringMatching(/filez|dirtree|dirmeta/)]),
  );
});

test('a commit without sizes is fetched too, its size marked as unknown', async () => {
  fixture.release({ version: '2', sizes: false });
  expect((await job('update.check', os())).result).toMatchObject({ update: { sizes: { downloadExact: false } } });
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
  fsck();
});

test('a connection cut in the middle: the next try fetches only what is missing (field report 18)', async () => {
  fixture.release({ version: '2', files: 60 });
  server.fault = 'cut';
  server.cutAfter = 20;
  const once = { env: { TREELINE_RETRY_SECONDS: '' } };
  await expect(job('update.upgrade', os(), once)).rejects.toMatchObject({ code: 'repo.unreachable' });
  const arrived = [...server.served.keys()].filter((u) => u.endsWith('.filez'));
  expect(arrived.length).toBeGreaterThan(5);
  expect(status()).not.toContain('Version: 2');
  server.fault = 'none';
  server.resetCounts();
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
  const again = [...server.served.keys()].filter((u) => arrived.includes(u));
  // what was in flight when the line broke may come twice, what had arrived may not
  expect(again.length).toBeLessThan(10);
  expect(server.served.size).toBeGreaterThan(30);
  fsck();
});

/** Start an upgrade of many slow objects and wait until some have come. */
async function slowUpgrade(): Promise<ReturnType<typeof runJob<'update.upgrade'>>> {
  server.delayMs = 150;
  const running = runJob('update.upgrade', os(), { worker, onEvent: (event: JobEvent) => void event });
  running.done.catch(() => undefined);
  await expect
    .poll(() => server.requests.filter((u) => u.endsWith('.filez')).length, { timeout: 60_000, interval: 20 })
    .toBeGreaterThanOrEqual(40);
  return running;
}

test('cancelling works in the middle, and what had arrived is kept', async () => {
  fixture.release({ version: '2', files: 300 });
  const running = await slowUpgrade();
  expect(running.cancel()).toBe(true);
  await expect(running.done).rejects.toMatchObject({ code: 'job.cancelled' });
  // the fetching process ends with its parent: nobody asks the server any more
  await expect.poll(() => server.openConnections).toBe(0);
  server.delayMs = 0;
  const arrived = new Set([...server.completed].filter((u) => u.endsWith('.filez')));
  server.resetCounts();
  await job('update.upgrade', os());
  expect([...server.served.keys()].filter((u) => arrived.has(u)).length).toBeLessThan(10);
  fsck();
});

test('the worker is killed with SIGKILL: the fetching process doesn’t stay behind', async () => {
  fixture.release({ version: '2', files: 300 });
  const running = await slowUpgrade();
  process.kill(running.pid as number, 'SIGKILL');
  await expect(running.done).rejects.toMatchObject({ code: 'internal.worker-crashed' });
  await expect.poll(() => server.openConnections).toBe(0);
  server.delayMs = 0;
  await job('update.upgrade', os());
  fsck();
});

test('two upgrades at once: the second gets the typed error, the first is whole', async () => {
  fixture.release({ version: '2', files: 600 });
  const first = await slowUpgrade();
  await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'sysroot.locked', report: { subject: fixture.sysroot } });
  await expect(job('sysroot.rollback', os())).rejects.toMatchObject({ code: 'sysroot.locked' });
  server.delayMs = 0;
  expect(await first.done).toMatchObject({ changed: true, toVersion: '2' });
  fsck();
});

test('the network is talked to as a user without rights', async () => {
  fixture.release({ version: '2', files: 100 });
  const running = await slowUpgrade();
  const children = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').trim().split(' ');
  const ids = readFileSync(`/proc/${children[0]}/status`, 'utf8');
  const nobody = sh('id', '-u', 'nobody').trim();
  expect(/^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(ids)?.slice(1)).toEqual([nobody, nobody, nobody, nobody]);
  expect(/^Groups:\s*$/m.test(ids)).toBe(true);
  server.delayMs = 0;
  await running.done;
  expect(statSync(path.join(cache(), 'fetch')).uid).toBe(Number(nobody));
  expect(statSync(cache()).uid).toBe(0);
});

test('root believes nothing that was fetched: a changed object is refused', async () => {
  fixture.release({ version: '2', files: 5 });
  // fetched, then tampered with by whoever owns the fetched files, then imported
  const fetch = path.join(cache(), 'fetch');
  await job('update.check', os());
  // not `sh`: the server answers from this very process
  await promisify(execFile)('ostree', [`--repo=${fetch}`, 'pull', 'origin', fixture.commits[1] as string]);
  const file = sh('find', path.join(fetch, 'objects'), '-name', '*.filez', '-size', '+1').trim().split('\n')[0] as string;
  const other = sh('find', path.join(fetch, 'objects'), '-name', '*.filez', '-size', '+1').trim().split('\n')[1] as string;
  sh('cp', other, file);
  sh('chown', '-R', 'nobody', fetch);
  await expect(job('update.upgrade', { ...os(), cacheOnly: true })).rejects.toMatchObject({ code: expect.stringMatching(/^repo\./) });
  expect(status()).not.toContain('Version: 2');
  // and doesn't stay in the way
  expect((await job('update.upgrade', os())).result).toMatchObject({ changed: true, toVersion: '2' });
  fsck();
  expect(existsSync(file)).toBe(readdirSync(path.dirname(file)).includes(path.basename(file)));
});
