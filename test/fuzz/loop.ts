// SPDX-License-Identifier: LGPL-2.1-or-later
import { Session, type Profiler } from 'node:inspector';
import { generator, mutate } from './mutate.ts';

/** A decoder under test: throws (or rejects) for a fault of ours only. What the input is to blame for, it takes or refuses with its own typed error. */
export type Target = (data: Uint8Array) => void | Promise<void>;

export interface TargetModule {
  readonly target: Target;
  /** Inputs to begin with: one of each form. */
  readonly seeds: readonly Uint8Array[];
}

export interface FuzzOptions {
  /** Same seed, same inputs. */
  readonly seed: number;
  /** Asked before each batch. */
  readonly goOn: (done: number) => boolean;
  /** Inputs found before, besides the seeds. */
  readonly corpus?: readonly Uint8Array[];
  /** Told of each batch before it runs: a process that hangs or dies has left it behind. */
  readonly before?: (batch: readonly Uint8Array[]) => void;
}

export interface FuzzResult {
  readonly inputs: number;
  /** Ways in which functions ran: each combination of a function's blocks is one. */
  readonly reached: number;
  /** Inputs that reached something new, without the seeds. */
  readonly found: readonly Uint8Array[];
  /** The first fault. */
  readonly fault?: { readonly input: Uint8Array; readonly error: unknown };
}

const batchSize = 100;
const largestPool = 2000;

/**
 * Mutate inputs, keep those that make a function run in a way that none did before, and go on from them. Coverage is V8's own (Chrome DevTools
 * Protocol, Profiler.startPreciseCoverage with block detail).
 */
export async function fuzz(load: () => Promise<TargetModule>, { seed, goOn, corpus = [], before }: FuzzOptions): Promise<FuzzResult> {
  using coverage = new Coverage();
  // afterwards: only code that is compiled from now on tells of its blocks
  const { target, seeds } = await load();
  const random = generator(seed);
  const pool: Uint8Array[] = [];
  const found: Uint8Array[] = [];
  let inputs = 0;

  const run = async (input: Uint8Array): Promise<FuzzResult['fault']> => {
    inputs++;
    try {
      await target(input);
      return undefined;
    } catch (error) {
      return { input, error };
    }
  };
  const result = (fault?: FuzzResult['fault']): FuzzResult => ({ inputs, reached: coverage.size, found, ...(fault ? { fault } : {}) });

  for (const input of [...seeds, ...corpus]) {
    before?.([input]);
    const fault = await run(input);
    if (fault) return result(fault);
    coverage.news();
    pool.push(input);
  }
  while (goOn(inputs)) {
    const batch = Array.from({ length: batchSize }, () => mutate(pool, random));
    before?.(batch);
    for (const input of batch) {
      const fault = await run(input);
      if (fault) return result(fault);
      if (!coverage.news()) continue;
      found.push(input);
      if (pool.length < largestPool) pool.push(input);
      else pool[random(largestPool)] = input;
    }
  }
  return result();
}

/** How this process's scripts ran. Those of Node itself and of the loop don't count. */
class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.#take();
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Since the last question a function ran in a way in which none did before. */
  news(): boolean {
    const { size } = this.#seen;
    for (const key of this.#take()) this.#seen.add(key);
    return this.#seen.size > size;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  /** One line for each function that ran: which of its blocks did. V8 tells of a block only where its count differs from that of what is around it. */
  #take(): string[] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    return result
      .filter(({ url }) => url !== '' && !url.startsWith('node:') && !url.endsWith('/entry.mjs'))
      .flatMap(({ scriptId, functions }) =>
        functions
          .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
          .map(
            ({ ranges }) =>
              `${scriptId}:${ranges.map(({ startOffset, endOffset, count }) => `${startOffset}-${endOffset}:${count > 0}`).join()}`,
          ),
      );
  }

  #post(method: string, params: object = {}): unknown {
    let answer: unknown;
    let failure: Error | null = null;
    // the answer comes before post returns: the session is this thread's own
    this.#session.post(method, params, (error, value) => {
      failure = error;
      answer = value;
    });
    if (failure) throw failure as Error;
    return answer;
  }
}
