// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import { Checks } from './checks.ts';
import { ModelHost } from './host.ts';
import { firstDeployments, type Deployment, type Outcome } from './model.ts';
import { parseOperation } from './operations.ts';
import type { Universe } from './universe.ts';

/** How a sequence went wrong. */
export interface Failure {
  /** The operations up to the one that showed it. */
  readonly operations: readonly string[];
  readonly wrong: readonly string[];
}

/** Do operations one after the other on a host of their own, look after each and thoroughly at the end. undefined: all is well. */
export async function runSequence(universe: Universe, operations: readonly string[]): Promise<Failure | undefined> {
  const host = new ModelHost(universe);
  const checks = new Checks(universe, host);
  let all = firstDeployments;
  const step = async (text: string): Promise<string[]> => {
    const [outcome, wrong] = await doOperation(host, checks, all, text);
    if (typeof outcome !== 'string') all = outcome;
    return wrong.length > 0 ? wrong : await checks.now(all);
  };
  const done: string[] = [];
  try {
    await host.start();
    const before = await checks.now(all);
    if (before.length > 0) return { operations: [], wrong: before };
    for (const text of operations) {
      done.push(text);
      const wrong = await step(text);
      if (wrong.length > 0) return { operations: done, wrong };
    }
    const last = ['restart', 'cleanup base'];
    for (const text of last) {
      const wrong = await step(text);
      if (wrong.length > 0) return { operations: [...done, text], wrong };
    }
    const wrong = await checks.end(all);
    return wrong.length > 0 ? { operations: done, wrong: wrong.map((each) => `at the end: ${each}`) } : undefined;
  } catch (error) {
    return { operations: done, wrong: [String(error)] };
  } finally {
    await host.dispose();
  }
}

async function doOperation(
  host: ModelHost,
  checks: Checks,
  all: readonly Deployment[],
  text: string,
): Promise<[outcome: Outcome, wrong: string[]]> {
  const operation = parseOperation(text);
  const outcome = operation.outcome(all);
  if (operation.restart) {
    await host.restart(operation.restart);
    return [outcome, []];
  }
  const job = operation.job?.(all, (deployment) => checks.ids.get(deployment.key) ?? '');
  if (!job) return [outcome, [`${text} is no operation`]];
  try {
    const result = (await host.job(...(job as ['sysroot.rollback', never]))) as { changed: boolean };
    if (typeof outcome === 'string') return [outcome, [`it was done, and not refused as ${outcome}`]];
    // what is removed from the disk or fetched is a change, too
    const told = /^cleanup|--dry-run|--download-only/.test(text) || result.changed === (outcome !== all);
    return [outcome, told ? [] : [`it says changed: ${result.changed}`]];
  } catch (error) {
    if (!(error instanceof TreelineError)) throw error;
    return [
      outcome,
      error.code === outcome
        ? []
        : [`refused as ${error.code}: ${JSON.stringify(error.report)}, expected ${typeof outcome === 'string' ? outcome : 'success'}`],
    ];
  }
}

/** The shortest sequence that goes wrong which leaving out operations leads to. */
export async function shrink(universe: Universe, failure: Failure): Promise<Failure> {
  let shortest = failure;
  for (let size = Math.ceil(shortest.operations.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.operations.length;) {
      const fewer = shortest.operations.filter((_, i) => i < at || i >= at + size);
      const again = fewer.length > 0 ? await runSequence(universe, fewer) : undefined;
      if (again && again.operations.length < shortest.operations.length) shortest = again;
      else at += size;
    }
  }
  return shortest;
}
