// SPDX-License-Identifier: LGPL-2.1-or-later
import { createReadStream, realpathSync, statSync, type Stats } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';

/** How an answer goes out: tests cut it short or count it. */
export type SendBody = (file: string, range: { readonly first: number; readonly last: number }, response: ServerResponse) => void;

const sendWhole: SendBody = (file, { first, last }, response) => {
  createReadStream(file, { start: first, end: last })
    .on('error', () => response.destroy())
    .pipe(response);
};

/** The path that a request names, '' for one that makes no sense. */
export function requestPath(request: IncomingMessage): string {
  try {
    return decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  } catch {
    return '';
  }
}

/**
 * Answer with a file below `base`: GET and HEAD, one byte range, ETag with 304. What any web server does for an OSTree repository, no more: no
 * listings, nothing whose name begins with a dot, no link that leads out.
 */
export function answerFile(base: string, request: IncomingMessage, response: ServerResponse, send: SendBody = sendWhole): void {
  const found = fileBelow(base, requestPath(request));
  if (!found) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('404\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
  const { file, stats } = found;
  // inode and nanoseconds: a ref that moves within a second is a file of the same size and the same whole-second time
  const etag = `"${stats.ino.toString(16)}-${stats.size.toString(16)}-${stats.mtimeMs.toString(16)}"`;
  const headers = { etag, 'last-modified': stats.mtime.toUTCString(), 'accept-ranges': 'bytes', 'cache-control': 'no-cache' };
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end();
  const range = parseRange(request.headers.range, stats.size);
  if (range === 'unsatisfiable') return void response.writeHead(416, { 'content-range': `bytes */${stats.size}` }).end();
  const [first, last] = range ?? [0, stats.size - 1];
  const type = { 'content-type': 'application/octet-stream', 'content-length': last - first + 1 };
  if (range) response.writeHead(206, { ...headers, ...type, 'content-range': `bytes ${first}-${last}/${stats.size}` });
  else response.writeHead(200, { ...headers, ...type });
  if (request.method === 'HEAD' || stats.size === 0) return void response.end();
  send(file, { first, last }, response);
}

function fileBelow(base: string, pathname: string): { readonly file: string; readonly stats: Stats } | undefined {
  if (pathname === '' || pathname.includes('\0') || pathname.split('/').some((part) => part.startsWith('.'))) return undefined;
  try {
    const file = realpathSync(path.join(base, pathname));
    const root = realpathSync(base);
    if (file !== root && !file.startsWith(root === '/' ? root : root + path.sep)) return undefined;
    const stats = statSync(file);
    return stats.isFile() ? { file, stats } : undefined;
  } catch {
    return undefined;
  }
}

function parseRange(header: string | undefined, size: number): [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') return [Math.max(0, size - Number(match[2])), size - 1];
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return first > last || first >= size ? 'unsatisfiable' : [first, last];
}

export interface RunningServer {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Listen with keep-alive connections that close() ends at once. `port` 0 takes a free one. Rejects when the address can't be had. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  address: string,
  port: number,
): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(handle);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const place = server.address();
  if (place === null || typeof place === 'string') throw new TypeError('the server listens on no port');
  return {
    address,
    port: place.port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
