// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OstreeServer } from './ostree-server.ts';
import { Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let fetched: string;
let secret: string;
let two: string;
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const secretText = 'root:$y$SECRETHASH:20228:0:99999:7:::';

beforeAll(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  fixture.install(await server.start(), fixture.release({ version: '1' }));
  two = fixture.release({ version: '2' });
  fetched = path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/cache/treeline/fetch');
  secret = path.join(fixture.dir, 'shadow');
  writeFileSync(secret, `${secretText}\n`, { mode: 0o600 });
  await job('update.upgrade', { ...os(), downloadOnly: true });
  await job('update.check', os());
});
afterAll(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

/** What root makes of it without asking the fetching process, which would mend it. */
const outcomes = async (): Promise<string> => {
  const results = [
    await job('update.details', { ...os(), checksum: two }).catch((e: unknown) => e),
    await job('update.upgrade', { ...os(), cacheOnly: true, downloadOnly: true }).catch((e: unknown) => e),
    await job('update.cached', os()).catch((e: unknown) => e),
  ];
  return JSON.stringify(results.map((r) => (r instanceof Error ? { ...(r as Error & { report: object }).report, message: r.message } : r)));
};

test('links and fifos in the fetching user’s directory are neither followed nor waited for, and nothing of what they lead to is quoted', async () => {
  const objects = path.join(fetched, 'objects');
  const [commitDir, commitFile] = [two.slice(0, 2), `${two.slice(2)}.commit`];
  const commit = path.join(objects, commitDir, commitFile);
  const cases: [string, () => void][] = [
    ['configuration', () => (unlinkSync(path.join(fetched, 'config')), symlinkSync(secret, path.join(fetched, 'config')))],
    ['commit object', () => (rmSync(commit, { force: true }), symlinkSync(secret, commit))],
    ['endless device', () => (rmSync(commit, { force: true }), symlinkSync('/dev/zero', commit))],
    ['fifo', () => (rmSync(commit, { force: true }), execFileSync('mkfifo', [commit]))],
    ['branch', () => symlinkSync(secret, path.join(fetched, 'refs/remotes/leak'))],
    [
      'directory of objects',
      () => {
        const elsewhere = path.join(fixture.dir, 'elsewhere');
        mkdirSync(elsewhere, { mode: 0o700 });
        renameSync(objects, path.join(fetched, 'objects-before'));
        symlinkSync(elsewhere, objects);
      },
    ],
  ];
  for (const [name, plant] of cases) {
    plant();
    expect([name, (await outcomes()).includes('SECRETHASH')]).toEqual([name, false]);
  }
  // what root looked through is gone again
  expect(readdirSync(path.dirname(fetched)).filter((name) => name.startsWith('view-'))).toEqual([]);
  // and the next fetch mends what it can: the directory is made anew
  rmSync(fetched, { recursive: true });
  expect((await job('update.upgrade', os())).result).toMatchObject({ toVersion: '2', changed: true });
  sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
});

test('views of killed processes are removed by the next one', async () => {
  const above = path.dirname(fetched);
  mkdirSync(path.join(above, 'view-999999999-abc'));
  fixture.release({ version: '3' });
  expect((await job('update.check', os())).result).toMatchObject({ kind: 'available', update: { version: '3' } });
  expect(existsSync(path.join(above, 'view-999999999-abc'))).toBe(false);
});

test('a cache that only root could enter is opened to the fetching user', async () => {
  const cache = path.dirname(fetched);
  chmodSync(cache, 0o700);
  expect((await job('update.check', os())).result).toMatchObject({ kind: 'available' });
  expect((statSync(cache).mode & 0o777).toString(8)).toBe('755');
});
