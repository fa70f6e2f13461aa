import { writeFileSync } from 'node:fs';
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
      env: { TREELINE_RETRY_SECONDS: '0.3,0.3,0.3' },
      onEvent: (event) => {
        events.push(event);
        mend(event);
      },
    },
  );
  expect(result).toMatchObject({ changed: true, toVersion: '2' });
  expect(events.filter((event) => event.type === 'message' && event.text.includes('Going on in'))).toHaveLength(3);
  const twice = content().filter((url) => (server.served.get(url) ?? 0) > 1);
  // at most what was in flight in each of the breaks
  expect(twice.length).toBeLessThan(24);
  expect(content().length).toBeGreaterThanOrEqual(80);
  const fractions = events.flatMap((event) => (event.type === 'progress' ? [event.progress.fraction] : []));
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});

test('a server that stays away ends the job after the last wait, and what had arrived is kept for the next', async () => {
  fixture.release({ version: '2', files: 60 });
  server.fault = 'cut';
  server.cutAfter = 20;
  const begun = Date.now();
  const env = { TREELINE_RETRY_SECONDS: '0.1,0.1,0.1' };
  await expect(job('update.upgrade', { ...upgrade, sysroot: fixture.sysroot }, { env })).rejects.toMatchObject({
    code: 'repo.unreachable',
  });
  expect(Date.now() - begun).toBeLessThan(15_000);
  const arrived = content();
  server.fault = 'none';
  server.resetCounts();
  await job('update.upgrade', { ...upgrade, sysroot: fixture.sysroot });
  expect(content().filter((url) => arrived.includes(url)).length).toBeLessThan(10);
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});

test('a power cut left zeros and empty files in what was fetched: at the next start it is fetched again', async () => {
  const newest = fixture.release({ version: '2', files: 30 });
  const os = { ...upgrade, sysroot: fixture.sysroot };
  await job('update.upgrade', { ...os, downloadOnly: true });
  const cache = path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/cache/treeline/fetch');
  expect((await job('update.check', os)).result).toMatchObject({ kind: 'available' });
  // as files that were never synced come back
  const zero = (file: string, length: number): void => writeFileSync(path.join(cache, file), Buffer.alloc(length));
  zero(`refs/remotes/origin/${branch}`, 65);
  zero(`objects/${newest.slice(0, 2)}/${newest.slice(2)}.commit`, 300);
  writeFileSync(path.join(cache, 'treeline-boot-id'), 'the boot before');
  expect((await job('update.check', os)).result).toMatchObject({ kind: 'available', update: { version: '2', checksum: newest } });
  expect((await job('update.upgrade', os)).result).toMatchObject({ changed: true, toVersion: '2' });
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});
