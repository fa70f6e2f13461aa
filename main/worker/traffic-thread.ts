// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { TrafficThread } from './fetch-traffic.ts';
import { ThreadGate } from './thread-gate.ts';

/**
 * Runs as a thread of the fetching process, whose main thread waits in libostree, which tells nothing of a summary until it has all of it. Whenever
 * something came in over a TCP connection since the last look, a byte is written to stdout: a sign of life of the server (fetch-watch.ts).
 */
const stdout = 1;

const { gate: shared, lookEveryMs }: TrafficThread = workerData;
const gate = new ThreadGate(shared);
let before: ReadonlyMap<string, bigint> = new Map();
let looking = false;

// loaded after a while only: most looks for an update are over by then
const timer = setInterval(() => void next(), lookEveryMs);

async function next(): Promise<void> {
  if (looking) return;
  looking = true;
  try {
    if (!(await gate.pass(look))) clearInterval(timer);
  } catch {
    // not to be told here, or nobody listens any more: then silence is what libostree's own words leave
    clearInterval(timer);
  } finally {
    looking = false;
  }
}

async function look(): Promise<void> {
  const { receivedBytes } = await import('../native/linux/tcp-traffic.ts');
  const now = receivedBytes();
  const came = [...now].some(([socket, bytes]) => bytes > (before.get(socket) ?? 0n));
  before = now;
  if (came) writeSync(stdout, '.');
}
