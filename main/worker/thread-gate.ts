// SPDX-License-Identifier: LGPL-2.1-or-later

const [free, busy, closed] = [0, 1, 2] as const;

/**
 * Between a thread that calls native code and the one that ends it: a thread that is terminated while a native module is being loaded takes the whole
 * process along (Node-API can't throw any more, and aborts). So native code runs behind the gate, and the thread is terminated after closing it.
 */
export class ThreadGate {
  readonly #state: Int32Array;

  /** `shared`: four bytes that both threads have. */
  constructor(readonly shared = new SharedArrayBuffer(4)) {
    this.#state = new Int32Array(shared);
  }

  /** Run `work` unless the gate is closed; true when it ran. Called by one thread only, never again before it is done. */
  async pass(work: () => Promise<void>): Promise<boolean> {
    if (Atomics.compareExchange(this.#state, 0, free, busy) !== free) return false;
    try {
      await work();
    } finally {
      Atomics.store(this.#state, 0, free);
      Atomics.notify(this.#state, 0);
    }
    return true;
  }

  /** Wait until nothing runs behind the gate, and let nothing in any more. Blocks the calling thread. */
  close(): void {
    while (Atomics.compareExchange(this.#state, 0, free, closed) === busy) Atomics.wait(this.#state, 0, busy);
  }
}
