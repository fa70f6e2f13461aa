// SPDX-License-Identifier: LGPL-2.1-or-later
import { Worker } from 'node:worker_threads';
import { ThreadGate } from './thread-gate.ts';

/** What the thread is given (traffic-thread.ts). */
export interface TrafficThread {
  readonly gate: SharedArrayBuffer;
  readonly lookEveryMs: number;
}

/** Has a thread write a byte to stdout from time to time while bytes come in from servers; see traffic-thread.ts. Never a reason to fail, nor to stay alive. */
export class FetchTraffic implements Disposable {
  readonly #gate: ThreadGate;
  #thread: Worker | undefined;

  constructor(thread = new URL('./traffic-thread.mjs', import.meta.url), lookEveryMs = 250, gate = new ThreadGate()) {
    this.#gate = gate;
    const workerData: TrafficThread = { gate: gate.shared, lookEveryMs };
    try {
      this.#thread = new Worker(thread, { workerData });
      // one that ends leaves the fetch as it is
      this.#thread.on('error', () => undefined).unref();
    } catch {
      // no thread is to be had
    }
  }

  [Symbol.dispose](): void {
    if (!this.#thread) return;
    this.#gate.close();
    void this.#thread.terminate();
  }
}
