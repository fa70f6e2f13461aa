// SPDX-License-Identifier: LGPL-2.1-or-later
// A worker for tests of the job queue: updates take as long as a test likes and change nothing; everything else is the real one's.
// TREELINE_TEST_SLOW: seconds of the interruptible part; TREELINE_TEST_FROZEN: a file with whose appearance the other one ends, there is none without.
import { spawnSync } from 'node:child_process';
import { existsSync, writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const input = await text(process.stdin);
const { job } = JSON.parse(input);
const emit = (event) => writeSync(3, `${JSON.stringify(event)}\n`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

if (job !== 'update.upgrade') {
  const real = fileURLToPath(new URL('../../dist/worker/worker.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [real], { input, stdio: ['pipe', 'inherit', 'inherit', 3] });
  process.exit(status ?? 1);
}

const slowMs = Number(process.env.TREELINE_TEST_SLOW ?? 20) * 1000;
const steps = Math.max(1, Math.round(slowMs / 100));
emit({ type: 'task', text: 'Fetching', done: false });
for (let step = 0; step < steps; step++) {
  const fraction = (step + 1) / steps;
  emit({
    type: 'progress',
    progress: {
      step: 'pull',
      stepIndex: 0,
      stepCount: 2,
      fraction,
      bytesDone: step,
      bytesTotal: steps,
      itemsDone: step,
      itemsTotal: steps,
    },
  });
  await wait(slowMs / steps);
}
emit({ type: 'message', text: `${steps} objects fetched` });
emit({ type: 'task', text: 'Fetching', done: true });
const thawed = process.env.TREELINE_TEST_FROZEN;
if (thawed) {
  process.on('SIGTERM', () => undefined);
  emit({ type: 'uninterruptible', on: true });
  while (!existsSync(thawed)) await wait(20);
  emit({ type: 'uninterruptible', on: false });
}
emit({ type: 'result', result: { changed: false, staged: false } });
