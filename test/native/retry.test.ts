// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobEvent } from '../../main/engine/jobs/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  fixture.install(await server.start(), fixture.release({ version: '1' }));
});
afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

const upgrade = { sysroot: '', osname };
const content = (): string[] => [...server.served.keys()].filter((url) => url.endsWith('.filez'));

/** Lets the line break after so many objects, and mends it when the job says that it waits. */
function breaking(after: number, times: number): (event: JobEvent) => void {
  let left = times;
  server.fault = 'cut';
  server.cutAfter = after;
  return (event) => {
    if (event.type !== 'message' || !event.text.startsWith('The connection was lost.')) return;
    left -= 1;
    if (left <= 0) server.fault = 'none';
    else server.cutAfter += after;
  };
}

test('a line that breaks three times: the job goes on by itself, and no object that had arrived is fetched twice', async () => {
  fixture.release({ version: '2', files: 80 });
  const events: JobEvent[] = [];
  const mend = breaking(20, 3);
  const { result } = await job(
    'update.upgrade',
    { ...upgrade, sysroot: fixture.sysroot },
    {
      // more tries than breaks: on a busy machine one comes before the line is mended
      env: { TREELINE_RETRY_SECONDS: Array.from({ length: 20 }, () => '0.3').join() },
      onEvent: (event) => {
        events.push(event);
        mend(event);
      },
    },
  );
  expect(result).toMatchObject({ changed: true, toVersion: '2' });
  const breaks = events.filter((event) => event.type === 'message' && event.text.includes('Going on in')).length;
  expect(breaks).toBeGreaterThanOrEqual(3);
  const twice = content().filter((url) => (server.served.get(url) ?? 0) > 1);
  // at most what was in flight in each of the breaks
  expect(twice.length).toBeLessThan(8 * breaks);
  expect(content().length).toBeGreaterThanOrEqual(80);
  const fractions = events.flatMap((event) => (event.type === 'progress' ? [event.progress.fraction] : []));
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});

test('a server that stays away ends the job after the last wait, and what had arrived is kept for the next', async () => {
  fixture.release({ version: '2', files: 60 });
  server.fault = 'cut';
  server.cutAfter = 20;
  const env = { TREELINE_RETRY_SECONDS: '0.1,0.1,0.1' };
  await expect(job('update.upgrade', { ...upgrade, sysroot: fixture.sysroot }, { env })).rejects.toMatchObject({
    code: 'repo.unreachable',
  });
  const arrived = content();
  server.fault = 'none';
  server.resetCounts();
  await job('update.upgrade', { ...upgrade, sysroot: fixture.sysroot });
  expect(content().filter((url) => arrived.includes(url)).length).toBeLessThan(10);
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});

/** How files come back that were never synced. */
const damages: Readonly<Record<string, (file: string) => void>> = {
  'full of zeros': (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length)),
  empty: (file) => truncateSync(file, 0),
  'cut short': (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  'with other bytes': (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length, 0xa5)),
};

/** What an interrupted update leaves: everything fetched, not yet imported. */
async function fetchedOnly(): Promise<{ newest: string; cache: string; os: typeof upgrade; objects: (kind: string) => string[] }> {
  const newest = fixture.release({ version: '2', files: 30 });
  const os = { ...upgrade, sysroot: fixture.sysroot };
  await job('update.upgrade', { ...os, downloadOnly: true });
  // imported by now: the system forgets it, the cache still has it
  sh('ostree', 'refs', `--repo=${fixture.repo}`, '--delete', `treeline/downloaded/${osname}`);
  sh('ostree', 'refs', `--repo=${fixture.repo}`, '--delete', `origin:${branch}`);
  sh('ostree', 'prune', `--repo=${fixture.repo}`, '--refs-only');
  const cache = path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/cache/treeline/fetch');
  const objects = (kind: string): string[] =>
    readdirSync(path.join(cache, 'objects'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(kind))
      .map((name) => path.join(cache, 'objects', name))
      .filter((file) => readFileSync(file).length > 0);
  return { newest, cache, os, objects };
}

test.each(Object.keys(damages))(
  'a power cut left what was fetched %s: at the next start that is fetched again, and nothing else',
  async (how) => {
    const { newest, cache, os, objects } = await fetchedOnly();
    const damage = damages[how] as (file: string) => void;
    const bad = [
      ...objects('.filez').slice(0, 5),
      ...objects('.dirtree').slice(0, 1),
      path.join(cache, `objects/${newest.slice(0, 2)}/${newest.slice(2)}.commit`),
      path.join(cache, `refs/remotes/origin/${branch}`),
    ];
    expect(bad).toHaveLength(8);
    const all = objects('.filez').length;
    for (const file of bad) damage(file);
    writeFileSync(path.join(cache, 'treeline-boot-id'), 'the boot before');
    server.resetCounts();
    expect((await job('update.check', os)).result).toMatchObject({ kind: 'available', update: { version: '2', checksum: newest } });
    expect((await job('update.upgrade', os)).result).toMatchObject({ changed: true, toVersion: '2' });
    expect(content()).toHaveLength(5);
    expect(all).toBeGreaterThan(30);
    sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
  },
);

test.each(Object.keys(damages))(
  'objects that the disk gave back %s while the system ran are all fetched anew when importing fails',
  async (how) => {
    const { os, objects } = await fetchedOnly();
    const damage = damages[how] as (file: string) => void;
    for (const file of [...objects('.filez').slice(0, 5), ...objects('.dirtree').slice(0, 1)]) damage(file);
    server.resetCounts();
    expect((await job('update.upgrade', os)).result).toMatchObject({ changed: true, toVersion: '2' });
    expect(content().length).toBeGreaterThan(30);
    sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
  },
);
