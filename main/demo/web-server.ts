import { createReadStream, type Stats, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';

/** What the server does wrong, for tests of how the client takes it. `match` limits it to paths. */
export type Fault = { readonly match?: RegExp } & (
  | { readonly kind: 'status'; readonly status: number }
  /** 200 with a page of HTML, as a hotel's login page answers everything. */
  | { readonly kind: 'garbage' }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Closes the connection after this many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
);

export interface WebServer {
  readonly url: string;
  readonly port: number;
  /** Bytes of bodies sent since the start or the last `reset`. */
  readonly bytesSent: number;
  /** `METHOD PATH STATUS` of every request since the start or the last `reset`. */
  readonly requests: readonly string[];
  reset(): void;
  setFault(fault: Fault | undefined): void;
  close(): Promise<void>;
}

const loginPage = Buffer.from('<!doctype html><title>Welcome</title><p>Please sign in to use this network.</p>\n');

/**
 * A static file server on loopback: GET and HEAD, one byte range, ETag with 304, keep-alive. What any web server does for an OSTree
 * repository, no more. `port` 0 takes a free one.
 */
export async function startWebServer(root: string, port = 0): Promise<WebServer> {
  const base = path.resolve(root);
  const sockets = new Set<Socket>();
  const state = { bytes: 0, requests: [] as string[], fault: undefined as Fault | undefined };
  const server = createServer((request, response) => {
    const pathname = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.on('close', () => state.requests.push(`${request.method} ${pathname} ${response.statusCode}`));
    const fault = state.fault && (state.fault.match?.test(pathname) ?? true) ? state.fault : undefined;
    if (fault && answerWrongly(fault, response, state)) return;
    answer(base, pathname, request, response, state, fault?.kind === 'cut' ? fault.afterBytes : Infinity);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const actualPort = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${actualPort}`,
    port: actualPort,
    get bytesSent() {
      return state.bytes;
    },
    get requests() {
      return state.requests;
    },
    reset() {
      state.bytes = 0;
      state.requests = [];
    },
    setFault(fault) {
      state.fault = fault;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function answerWrongly(fault: Fault, response: ServerResponse, state: { bytes: number }): boolean {
  if (fault.kind === 'status') {
    response.writeHead(fault.status, { 'content-type': 'text/plain' }).end(`${fault.status}\n`);
    return true;
  }
  if (fault.kind === 'garbage') {
    state.bytes += loginPage.length;
    response.writeHead(200, { 'content-type': 'text/html', 'content-length': loginPage.length }).end(loginPage);
    return true;
  }
  return fault.kind === 'hang';
}

function answer(
  base: string,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
  state: { bytes: number },
  cutAfterBytes: number,
): void {
  const file = path.join(base, pathname);
  const stats = fileStats(base, file);
  if (!stats) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('404\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
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
  let left = cutAfterBytes;
  const stream = createReadStream(file, { start: first, end: last });
  stream.on('data', (chunk) => {
    state.bytes += Math.min(chunk.length, left);
    left -= chunk.length;
    if (left >= 0) return;
    stream.destroy();
    response.write((chunk as Buffer).subarray(0, chunk.length + left), () => response.destroy());
  });
  stream.on('error', () => response.destroy());
  if (left === Infinity) stream.pipe(response);
  else stream.on('data', (chunk) => left >= 0 && response.write(chunk)).on('end', () => response.end());
}

function fileStats(base: string, file: string): Stats | undefined {
  if (file !== base && !file.startsWith(base + path.sep)) return undefined;
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() ? stats : undefined;
}

function parseRange(header: string | undefined, size: number): [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') return [Math.max(0, size - Number(match[2])), size - 1];
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return first > last || first >= size ? 'unsatisfiable' : [first, last];
}
