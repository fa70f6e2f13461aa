// SPDX-License-Identifier: LGPL-2.1-or-later
import { Worker } from 'node:worker_threads';

/** Has a thread write a byte to stdout from time to time while bytes come in from servers; see traffic-thread.ts. Never a reason to fail, nor to stay alive. */
export class FetchTraffic implements Disposable {
  readonly #thread: Worker;

  constructor() {
    // what is told meanwhile is lost, not an error: a thread that ends leaves the fetch as it is
    this.#thread = new Worker(new URL('./traffic-thread.mjs', import.meta.url)).on('error', () => undefined);
    this.#thread.unref();
  }

  [Symbol.dispose](): void {
    void this.#thread.terminate();
  }
}
