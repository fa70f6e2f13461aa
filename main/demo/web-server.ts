// SPDX-License-Identifier: LGPL-2.1-or-later
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { answerFile, listen, requestPath } from '../engine/compose/publish/static-server.ts';

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

/** The repository server that `treeline repo serve` is, on loopback, with faults and counters. `port` 0 takes a free one. */
export async function startWebServer(root: string, port = 0): Promise<WebServer> {
  const base = path.resolve(root);
  const state: { bytes: number; requests: string[]; fault: Fault | undefined } = { bytes: 0, requests: [], fault: undefined };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const pathname = requestPath(request);
    response.on('close', () => state.requests.push(`${request.method} ${pathname} ${response.statusCode}`));
    const fault = state.fault && (state.fault.match?.test(pathname) ?? true) ? state.fault : undefined;
    if (fault && answerWrongly(fault, response, state)) return;
    const cutAfterBytes = fault?.kind === 'cut' ? fault.afterBytes : Infinity;
    answerFile(base, request, response, (file, range, to) => send(file, range, to, state, cutAfterBytes));
  };
  const server = await listen(handle, '127.0.0.1', port);
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
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
    close: () => server.close(),
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

/** Send a file's bytes, counted, and close the connection after so many of them. */
function send(
  file: string,
  range: { readonly first: number; readonly last: number },
  response: ServerResponse,
  state: { bytes: number },
  cutAfterBytes: number,
): void {
  let left = cutAfterBytes;
  const stream = createReadStream(file, { start: range.first, end: range.last });
  stream.on('data', (chunk) => {
    state.bytes += Math.min(chunk.length, left);
    left -= chunk.length;
    if (left >= 0) return;
    stream.destroy();
    response.write(chunk.slice(0, chunk.length + left), () => response.destroy());
  });
  stream.on('error', () => response.destroy());
  if (left === Infinity) stream.pipe(response);
  else stream.on('data', (chunk) => left >= 0 && response.write(chunk)).on('end', () => response.end());
}
