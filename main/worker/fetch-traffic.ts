// SPDX-License-Identifier: LGPL-2.1-or-later
import { Worker } from 'node:worker_threads';

/** Has a thread write a byte to stdout from time to time while bytes come in from servers; see traffic-thread.ts. Never a reason to fail, nor to stay alive. */
export class FetchTraffic implements Disposable {
  #thread: Worker | undefined;

  constructor() {
    try {
      this.#thread = new Worker(new URL('./traffic-thread.mjs', import.meta.url));
      // one that ends leaves the fetch as it is
      this.#thread.on('error', () => undefined).unref();
    } catch {
      // no thread is to be had
    }
  }

  [Symbol.dispose](): void {
    void this.#thread?.terminate();
  }
}
