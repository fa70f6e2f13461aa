// SPDX-License-Identifier: LGPL-2.1-or-later
import { createInterface } from 'node:readline';
import type { Progress } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import type { FetchOutcome, FetchRequest } from '../engine/base/ports/fetch.ts';
import type { RegistryAnswer, RegistryRequest } from '../engine/images/registry/calls.ts';
import { isObject, isStrings } from '../files/index.ts';
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
  /** To a RegistryRequest. */
  | { readonly type: 'answer'; readonly answer: RegistryAnswer }
  | { readonly type: 'error'; readonly error: ErrorReport };

/** Answer FetchRequests and RegistryRequests, a JSON object a line on stdin, one after the other, until its end. */
export async function fetchSession(emit: (event: FetchEvent) => void): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = readRequest(line);
      // loaded on demand: most systems follow a branch
      if ('call' in request) emit({ type: 'answer', answer: await (await import('./registry-session.ts')).answerCall(request, emit) });
      else emit({ type: 'result', result: await answer(request, emit) });
    } catch (error) {
      if (!(error instanceof TreelineError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
      emit({ type: 'error', error: TreelineError.report(error) });
    }
  }
}

const texts = ['repo', 'parent', 'remote'];

/** By hand: what fetches starts with each look for an update. The worker that asks is of the same build; what strangers say is read elsewhere. */
function readRequest(line: string): FetchRequest | RegistryRequest {
  const request: unknown = JSON.parse(line);
  if (isRequest(request) || isRegistryRequest(request)) return request;
  // not the line itself: it may hold a login
  throw new TreelineError('internal.protocol', { detail: 'a request that is none' });
}

const isRegistryRequest = (value: unknown): value is RegistryRequest =>
  isObject(value) && isObject(value['settings']) && isObject(value['call']) && typeof value['call']['kind'] === 'string';

function isRequest(value: unknown): value is FetchRequest {
  if (!isObject(value)) return false;
  const { options, refs, commitOnly } = value;
  return (
    texts.every((name) => typeof value[name] === 'string') &&
    isObject(options) &&
    Object.values(options).every((option) => typeof option === 'string') &&
    isStrings(refs) &&
    typeof commitOnly === 'boolean'
  );
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
