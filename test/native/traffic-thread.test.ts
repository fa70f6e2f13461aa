// SPDX-License-Identifier: LGPL-2.1-or-later
import { setImmediate as immediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FetchTraffic } from '../../main/worker/fetch-traffic.ts';
import { ThreadGate } from '../../main/worker/thread-gate.ts';

const thread = pathToFileURL(path.resolve('dist/worker/traffic-thread.mjs'));

test('ending the thread at any moment, also while it loads native code, leaves the process alive', async () => {
  // the abort of a thread that is ended while loading would end this process
  for (let round = 0; round < 100; round += 1) {
    const state = new Int32Array(new SharedArrayBuffer(4));
    const traffic = new FetchTraffic(thread, 1, new ThreadGate(state.buffer));
    // it is behind the gate, loading
    while (Atomics.load(state, 0) === 0) await immediate();
    const until = performance.now() + round / 5;
    while (performance.now() < until) Atomics.load(state, 0);
    traffic[Symbol.dispose]();
  }
});

test('the gate lets nothing in after it is closed, and closing waits for what is inside', async () => {
  const gate = new ThreadGate();
  let ran = 0;
  const work = (): Promise<void> => Promise.resolve(void (ran += 1));
  expect(await gate.pass(work)).toBe(true);
  await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.pass(work)).toBe(true);
  gate.close();
  expect(await gate.pass(work)).toBe(false);
  expect(ran).toBe(2);
});
