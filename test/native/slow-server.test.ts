// SPDX-License-Identifier: LGPL-2.1-or-later
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Fixture, job, osname, sh } from './sysroot-fixture.ts';

/** Serves a repository to whoever knows the password, each commit object in small pieces. */
async function slowServer(root: string, pauseMs: number): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const file = path.join(root, path.normalize(decodeURIComponent((request.url ?? '').split('?')[0] as string)));
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end();
    if (!file.endsWith('.commit')) return void createReadStream(file).pipe(response);
    void (async () => {
      for await (const piece of createReadStream(file, { highWaterMark: 128 })) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      response.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://somebody:secret@127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

test('a slow server is waited for as long as it says something; its password is shown nowhere', async () => {
  using fixture = new Fixture();
  const { url, close } = await slowServer(fixture.server, 400);
  const os = { sysroot: fixture.sysroot, osname };
  try {
    fixture.install(url, fixture.release({ version: '1' }));
    fixture.release({ version: '2', metadata: [`--add-metadata-string=pad=${'p'.repeat(1500)}`] });
    // the commit object alone takes longer than the silence that is allowed
    const env = { TREELINE_FETCH_TIMEOUT: '3' };
    const looked = await job('update.check', os, { env });
    expect(looked.result).toMatchObject({ kind: 'available', update: { version: '2' } });
    const remotes = (await job('remote.list', { sysroot: fixture.sysroot })).result;
    expect(remotes[0]?.url).toMatch(/^http:\/\/\*\*\*@127/);
    // sent back as it was shown, it stays what it was
    const shown = remotes[0]?.url ?? '';
    await job('remote.edit', { sysroot: fixture.sysroot, name: 'origin', url: shown, gpgVerify: false });
    expect(sh('ostree', `--repo=${fixture.repo}`, 'remote', 'show-url', 'origin').trim()).toBe(url);
  } finally {
    close();
  }
  const failed = await job('update.check', os);
  expect(failed.result).toMatchObject({ kind: 'failed', error: { code: 'repo.unreachable' } });
  expect(JSON.stringify([failed, await job('update.cached', os)])).not.toContain('secret');
}, 60_000);
