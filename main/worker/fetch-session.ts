// SPDX-License-Identifier: LGPL-2.1-or-later
import { createInterface } from 'node:readline';
import type { Progress } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import type { FetchOutcome, FetchRequest } from '../engine/base/ports/fetch.ts';
import { ancestorsOf } from '../engine/base/diff/index.ts';
import { tryHistoryOf } from '../engine/base/commits/chain.ts';
import { branchTip } from './branch-file.ts';
import { FetchTraffic } from './fetch-traffic.ts';
import { fetchInto } from '../native/ostree/index.ts';

/** Word on the worker's command line that makes it a fetching process. */
export const fetchSessionWord = 'fetch-session';

/** A JSON object a line on fd 3. Each request is answered by exactly one `result` or `error`. stdout is for signs of life (fetch-traffic.ts). */
export type FetchEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'result'; readonly result: FetchOutcome }
  | { readonly type: 'error'; readonly error: ErrorReport };

/** Answer FetchRequests, a JSON object a line on stdin, one after the other, until its end. */
export async function fetchSession(emit: (event: FetchEvent) => void): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      emit({ type: 'result', result: await answer(JSON.parse(line) as FetchRequest, emit) });
    } catch (error) {
      if (!(error instanceof TreelineError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
      emit({ type: 'error', error: TreelineError.report(error) });
    }
  }
}

async function answer(request: FetchRequest, emit: (event: FetchEvent) => void): Promise<FetchOutcome> {
  // only a look ends when a server falls silent
  using _traffic = request.commitOnly ? new FetchTraffic() : undefined;
  const tip = request.branch === undefined ? undefined : await branchTip(request.options, request.branch);
  return fetchInto(
    request,
    (commit) => ancestorsOf(tryHistoryOf(commit)),
    (progress) => emit({ type: 'progress', progress }),
    tip,
  );
}
