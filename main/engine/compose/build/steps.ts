// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Progress } from '../../../../shared/domain/index.ts';
import { isKeyOf } from '../../../files/index.ts';
import type { JobContext } from '../../base/ports/job.ts';

/** Steps with their share of the time of a cold compose: one bar, which never goes back. */
const weights = { resolve: 6, fetch: 14, import: 30, assemble: 12, scripts: 12, finish: 8, commit: 18 } as const;
export type Step = keyof typeof weights;
const names = Object.keys(weights).filter((name) => isKeyOf(weights, name));
const total = names.reduce((sum, name) => sum + weights[name], 0);

/** Runs the steps of a compose, timing each and reporting honest progress. */
export class Steps {
  readonly seconds: Record<string, number> = {};
  readonly #context: JobContext;

  constructor(context: JobContext) {
    this.#context = context;
  }

  async run<T>(step: Step, title: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    this.report(step, 0, {});
    try {
      return await this.#context.task(title, work);
    } finally {
      this.seconds[step] = Math.round(performance.now() - start) / 1000;
    }
  }

  /** `done` is 0..1 of the step. */
  report(step: Step, done: number, more: Omit<Partial<Progress>, 'step' | 'stepIndex' | 'stepCount' | 'fraction'>): void {
    const index = names.indexOf(step);
    const before = names.slice(0, index).reduce((sum, name) => sum + weights[name], 0);
    this.#context.progress({
      step,
      stepIndex: index,
      stepCount: names.length,
      fraction: (before + weights[step] * Math.min(1, done)) / total,
      ...more,
    });
  }
}
