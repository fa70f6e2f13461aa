// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Progress } from '../../../../shared/domain/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { FetchPort, FetchRequest } from '../../base/ports/fetch.ts';

/** Seconds before each further attempt; as many fruitless attempts in a row end the job. TREELINE_RETRY_SECONDS (`1,2,4`) changes them. */
const usualWaits = [1, 2, 4, 8, 15];
/** A line that drops again and again after a few objects isn't worth a night. */
const mostDrops = 50;

/**
 * Fetch, and go on when the connection dropped in between. Every attempt goes on from what has arrived, so one that brought anything starts
 * the count anew. The server was asked for the commit a moment ago, so that it doesn't answer now is a drop, too. Rejects with the last error.
 */
export async function fetchThroughDrops(
  context: JobContext,
  fetcher: FetchPort,
  request: FetchRequest,
  onProgress: (progress: Progress) => void,
  wait: (seconds: number) => Promise<void> = pause,
): Promise<void> {
  const { clean: _, ...further } = request;
  const wanted = process.env['TREELINE_RETRY_SECONDS'];
  const waits = wanted === undefined ? usualWaits : wanted.split(',').filter(Boolean).map(Number);
  let [fruitless, before, first] = [0, 0, true];
  for (let drops = 0; ; drops++) {
    let [here, items] = [0, 0];
    try {
      await fetcher.fetch(first ? request : further, (progress) => {
        here = progress.bytesDone ?? 0;
        items = progress.itemsDone ?? 0;
        onProgress(before === 0 ? progress : since(before, progress));
      });
      return;
    } catch (error) {
      // a server that says no will say no again
      if (!(error instanceof TreelineError) || error.code !== 'repo.unreachable') throw error;
      // half an object is fetched again: only whole ones count
      if (items > 0) fruitless = 0;
      const seconds = waits[fruitless];
      if (seconds === undefined || drops >= mostDrops) throw error;
      before += here;
      fruitless += 1;
      first = false;
      context.message(`The connection was lost. Going on in ${seconds} s.`);
      await wait(seconds);
    }
  }
}

/** libostree counts the bytes of one attempt; people count those of the whole. */
function since(before: number, progress: Progress): Progress {
  const { bytesTotal } = progress;
  const bytesDone = Math.min(before + (progress.bytesDone ?? 0), bytesTotal ?? Infinity);
  return { ...progress, bytesDone, ...(bytesTotal ? { fraction: bytesDone / bytesTotal } : {}) };
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
