// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWebServer, type WebServer } from '../../../main/demo/web-server.ts';

let folder: string;
let server: WebServer;
const get = (name: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${server.url}/${name}`, { headers });

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'treeline-web-'));
  mkdirSync(path.join(folder, 'served'));
  writeFileSync(path.join(folder, 'served/file'), '0123456789');
  writeFileSync(path.join(folder, 'secret'), 'not served');
  server = await startWebServer(path.join(folder, 'served'));
});

beforeEach(() => {
  server.setFault(undefined);
  server.reset();
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('the web server of the demo', () => {
  it('serves files, and counts what it sends', async () => {
    expect(await (await get('file')).text()).toBe('0123456789');
    expect(server.bytesSent).toBe(10);
    expect((await get('nothing')).status).toBe(404);
    expect(server.requests).toEqual(['GET /file 200', 'GET /nothing 404']);
  });

  it('serves nothing outside of its folder', async () => {
    expect((await get('..%2fsecret')).status).toBe(404);
    expect((await get('%2e%2e/secret')).status).toBe(404);
  });

  it.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
  ])('answers the range %s', async (range, body, contentRange) => {
    const answer = await get('file', { range });
    expect([answer.status, answer.headers.get('content-range'), await answer.text()]).toEqual([206, contentRange, body]);
  });

  it('refuses a range beyond the end', async () => {
    expect((await get('file', { range: 'bytes=10-' })).status).toBe(416);
  });

  it('says when nothing has changed', async () => {
    const etag = (await get('file')).headers.get('etag') ?? '';
    expect((await get('file', { 'if-none-match': etag })).status).toBe(304);
    writeFileSync(path.join(folder, 'served/file'), '9876543210');
    expect((await get('file', { 'if-none-match': etag })).status).toBe(200);
  });

  it('can refuse, answer with a login page, cut the connection, or never answer', async () => {
    server.setFault({ kind: 'status', status: 403, match: /file/ });
    expect((await get('file')).status).toBe(403);
    expect((await get('nothing')).status).toBe(404);
    server.setFault({ kind: 'garbage' });
    expect(await (await get('file')).text()).toContain('<!doctype html>');
    server.setFault({ kind: 'cut', afterBytes: 4 });
    await expect(get('file').then((answer) => answer.text())).rejects.toThrow();
    server.setFault({ kind: 'hang' });
    await expect(fetch(`${server.url}/file`, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout|aborted/i);
  });
});
