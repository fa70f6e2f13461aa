// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Fixture, job, osname, sh } from './sysroot-fixture.ts';

/** What is sent in small pieces, for longer in all than the silence that is allowed. libostree tells of a summary only when it has all of it. */
const slow = /(\.commit|summary)$/;
const pieces = 11;
const pauseMs = 250;
const env = { TREELINE_FETCH_TIMEOUT: '2' };

interface SlowServer {
  readonly url: string;
  /** What falls silent after a part of it. */
  silent: RegExp | undefined;
  readonly slowly: Set<string>;
  close(): void;
}

/** Serves a repository to whoever knows the password. */
async function slowServer(root: string): Promise<SlowServer> {
  const server = createServer((request, response) => {
    const file = path.join(root, path.normalize(decodeURIComponent((request.url ?? '').split('?')[0] as string)));
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end();
    const bytes = readFileSync(file);
    response.writeHead(200, { 'content-length': bytes.length });
    if (!slow.test(file)) return void response.end(bytes);
    const step = Math.ceil(bytes.length / pieces);
    const until = served.silent?.test(file) ? bytes.length / 4 : bytes.length;
    void (async () => {
      for (let at = 0; at < until && !response.destroyed; at += step) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        response.write(bytes.subarray(at, at + step));
      }
      if (until < bytes.length || response.destroyed) return;
      response.end();
      served.slowly.add(path.extname(file) || path.basename(file));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const served: SlowServer = {
    url: `http://somebody:secret@127.0.0.1:${(server.address() as AddressInfo).port}/`,
    silent: undefined,
    slowly: new Set(),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return served;
}

test('a slow server is waited for as long as it says something; its password is shown nowhere', async () => {
  using fixture = new Fixture();
  const server = await slowServer(fixture.server);
  const { url } = server;
  const os = { sysroot: fixture.sysroot, osname };
  try {
    fixture.install(url, fixture.release({ version: '1' }));
    fixture.release({ version: '2' });
    const looked = await job('update.check', os, { env });
    expect(looked.result).toMatchObject({ kind: 'available', update: { version: '2' } });
    expect([...server.slowly].sort()).toEqual(['.commit', 'summary']);
    const remotes = (await job('remote.list', { sysroot: fixture.sysroot })).result;
    expect(remotes[0]?.url).toMatch(/^http:\/\/\*\*\*@127/);
    // sent back as it was shown, it stays what it was
    const shown = remotes[0]?.url ?? '';
    await job('remote.edit', { sysroot: fixture.sysroot, name: 'origin', url: shown, gpgVerify: false });
    expect(sh('ostree', `--repo=${fixture.repo}`, 'remote', 'show-url', 'origin').trim()).toBe(url);
    fixture.release({ version: '3' });
    server.silent = /summary$/;
    const { result } = await job('update.check', os, { env });
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'repo.unreachable', detail: 'no answer within 2 seconds' } });
  } finally {
    server.close();
  }
  const failed = await job('update.check', os);
  expect(failed.result).toMatchObject({ kind: 'failed', error: { code: 'repo.unreachable' } });
  expect(JSON.stringify([failed, await job('update.cached', os)])).not.toContain('secret');
});
