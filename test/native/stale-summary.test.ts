// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

test('the newer of the summary and the branch’s own file counts, also for a branch that the summary doesn’t list', async () => {
  using fixture = new Fixture();
  const server = new OstreeServer(fixture.server);
  const url = await server.start();
  const os = { sysroot: fixture.sysroot, osname };
  const file = path.join(fixture.server, 'summary');
  const ref = path.join(fixture.server, 'refs/heads', branch);
  try {
    const one = fixture.release({ version: '1' });
    fixture.install(url, one);
    cpSync(file, `${file}.kept`);
    cpSync(ref, `${file}.one`);
    const two = fixture.release({ version: '2' });
    cpSync(file, `${file}.two`);
    cpSync(`${file}.kept`, file);
    expect(sh('ostree', 'summary', '--view', `--repo=${fixture.server}`)).toContain(one);
    server.resetCounts();
    expect((await job('update.check', os)).result).toMatchObject({ kind: 'available', update: { version: '2', checksum: two } });
    expect(server.requests.filter((each) => each.endsWith(`/refs/heads/${branch}`))).toHaveLength(1);
    expect((await job('remote.versions', { ...os, refspec: `origin:${branch}`, limit: 5 })).result.map((row) => row.version)).toEqual([
      '2',
      '1',
    ]);
    expect((await job('update.cached', os)).result).toMatchObject({ update: { version: '2' } });
    // a branch made after the summary was
    const more = ['--bind-ref=test/new', '--add-metadata-string=version=3', '-b', 'test/new', `--parent=${two}`];
    sh('ostree', `--repo=${fixture.server}`, 'commit', `--tree=ref=${two}`, '-s', '3', ...more);
    expect((await job('update.preview', { ...os, refspec: 'origin:test/new' })).result).toMatchObject({ toVersion: '3' });
    await expect(job('update.preview', { ...os, refspec: 'origin:test/none' })).rejects.toMatchObject({ code: 'repo.ref-not-found' });
    // the branch’s file is the older one
    cpSync(`${file}.two`, file);
    cpSync(`${file}.one`, ref);
    expect((await job('update.upgrade', os)).result).toMatchObject({ changed: true, toVersion: '2' });
    // a server that shows no branches
    rmSync(ref);
    expect((await job('update.check', os)).result).toMatchObject({ kind: 'up-to-date' });
  } finally {
    await server.stop();
  }
});
