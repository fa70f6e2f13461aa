// SPDX-License-Identifier: LGPL-2.1-or-later
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';

export type Fault = 'none' | '403' | '404' | 'garbage' | 'silence' | 'cut';

/** A static web server for an OSTree repository that can fail in the ways real ones do, and that counts what was asked for. */
export class OstreeServer {
  fault: Fault = 'none';
  /** With 'cut': content objects answered in full before connections are cut in the middle of a file. */
  cutAfter = 0;
  /** Wait before each content object, to have time for killing. */
  delayMs = 0;
  readonly requests: string[] = [];
  readonly served = new Map<string, number>();
  /** Answered to the last byte. */
  readonly completed = new Set<string>();
  /** Told of each file answered to the last byte. */
  onCompleted: ((url: string) => void) | undefined;
  bytes = 0;
  readonly #root: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #contentServed = 0;

  constructor(root: string) {
    this.#root = root;
    this.#server = createServer((request, response) => {
      this.requests.push(request.url ?? '');
      this.#answer((request.url ?? '').split('?')[0] as string, response);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** `port`: where it was before it was stopped. */
  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Whoever has one may still ask for something. */
  get openConnections(): number {
    return this.#sockets.size;
  }

  resetCounts(): void {
    this.requests.length = 0;
    this.served.clear();
    this.completed.clear();
    this.bytes = 0;
    this.#contentServed = 0;
  }

  #answer(url: string, response: ServerResponse): void {
    switch (this.fault) {
      case '403':
      case '404':
        response.writeHead(Number(this.fault)).end('no');
        return;
      case 'garbage':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please log in to this hotel network</body></html>');
        return;
      case 'silence':
        return;
      default:
        this.#file(url, response);
    }
  }

  #file(url: string, response: ServerResponse): void {
    const file = path.join(this.#root, path.normalize(decodeURIComponent(url)));
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    const content = url.endsWith('.filez');
    if (content && this.fault === 'cut' && this.#contentServed >= this.cutAfter) {
      response.writeHead(200, { 'content-length': stat.size });
      response.write(readFileSync(file).subarray(0, Math.floor(stat.size / 2)), () => response.socket?.destroy());
      return;
    }
    if (content) this.#contentServed++;
    this.served.set(url, (this.served.get(url) ?? 0) + 1);
    response.on('finish', () => {
      this.completed.add(url);
      this.onCompleted?.(url);
    });
    this.bytes += stat.size;
    const send = (): void => {
      // whoever asked may have gone meanwhile, and the repository with it
      if (response.destroyed) return;
      response.writeHead(200, { 'content-length': stat.size });
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
    };
    if (content && this.delayMs > 0) setTimeout(send, this.delayMs);
    else send();
  }
}
