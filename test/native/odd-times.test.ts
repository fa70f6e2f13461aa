// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Repo } from '../../main/native/ostree/index.ts';
import { Transaction, writeCommitObject } from '../../main/native/ostree/write.ts';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const check = async (): Promise<unknown> => (await job('update.check', os())).result;

beforeAll(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  fixture.install(await server.start(), fixture.release({ version: '1' }));
});
afterAll(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
});

/** A commit like another one, of any time and parent, on a branch. */
function again(of: string, timeSeconds: number, parent: string, ref: string, version: string): string {
  using repo = Repo.open(fixture.server);
  const commit = repo.loadCommit(of);
  using transaction = new Transaction(repo);
  const metadata = new Map([...commit.metadata].filter(([key]) => key !== 'ostree.ref-binding'));
  const root = { dirtree: commit.rootDirtree, dirmeta: commit.rootDirmeta };
  const made = writeCommitObject(repo, { parent, subject: version, body: '', metadata, root, timeSeconds });
  transaction.setRef(ref, made);
  transaction.commit();
  sh('ostree', 'summary', '-u', `--repo=${fixture.server}`);
  return made;
}

test('a server that goes back is said to, by time or by history; only who asks goes back with it', async () => {
  const [one = ''] = fixture.commits;
  const two = fixture.release({ version: '2' });
  await job('update.upgrade', os());
  const point = (checksum: string): void => {
    sh('ostree', `--repo=${fixture.server}`, 'refs', '--delete', branch);
    sh('ostree', `--repo=${fixture.server}`, 'refs', `--create=${branch}`, checksum);
    sh('ostree', 'summary', '-u', `--repo=${fixture.server}`);
  };
  point(one);
  const wentBack = { checksum: one, version: '1', timestamp: 1_700_001_000 };
  expect(await check()).toMatchObject({ kind: 'up-to-date', wentBack });
  expect((await job('update.cached', os())).result).toMatchObject({ kind: 'up-to-date', wentBack });
  await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'update.older' });
  expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toContain('Version: 2');
  point(two);
  expect(((await check()) as { wentBack?: object }).wentBack).toBeUndefined();
});

test('a check that failed is over when an upgrade reached the server', async () => {
  server.fault = '403';
  expect(await check()).toMatchObject({ kind: 'failed' });
  server.fault = 'none';
  await job('update.upgrade', os());
  expect((await job('update.cached', os())).result).toMatchObject({ kind: 'up-to-date' });
});

test('a time beyond all dates is unknown, and hides neither other branches nor the way forward', async () => {
  const tip = fixture.commits.at(-1) as string;
  again(tip, 9e15, '', 'test/odd', 'odd');
  const refs = (await job('remote.refs', { ...os(), name: 'origin' })).result;
  expect(refs.map(({ ref, timestamp }) => [ref, timestamp > 0])).toEqual([
    [branch, true],
    ['test/odd', false],
  ]);
  expect((await job('remote.versions', { ...os(), refspec: 'origin:test/odd', limit: 5 })).result).toMatchObject([{ timestamp: 0 }]);
  // no update by its time, but one by its history
  again(tip, 9e15, '', branch, 'nowhere');
  expect(await check()).toMatchObject({ kind: 'up-to-date', wentBack: { timestamp: 0 } });
  const made = again(tip, 9e15, tip, branch, 'next');
  expect(await check()).toMatchObject({ kind: 'available', update: { checksum: made, timestamp: 0 } });
  await job('update.upgrade', os());
  const { deployments } = (await job('sysroot.load', { sysroot: fixture.sysroot })).result;
  expect(deployments[0]).toMatchObject({ checksum: made, timestamp: 0 });
  expect((await job('update.cached', os())).result).toMatchObject({ kind: 'up-to-date' });
});
