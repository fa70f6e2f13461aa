// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { FileLock } from '../../base/ports/publish.ts';

export interface WriterParams {
  /** Another process writes to the repository: refuse at once instead of waiting. */
  readonly noWait?: boolean;
}

/** Beside libostree's own `.lock`, which only keeps a prune from a transaction: two composes would still both build on the same parent. */
const lockName = '.treeline.lock';
const pollMs = 250;

/**
 * One writer of a repository at a time, from reading what a branch points at to the summary. Another one is waited for, which a message says, or
 * refused with repo.locked.
 */
export async function lockRepo(
  repo: string,
  what: string,
  noWait: boolean,
  lock: FileLock,
  context: Pick<JobContext, 'message'>,
): Promise<Disposable> {
  const file = path.join(repo, lockName);
  const words = `${what} (process ${process.pid}, since ${new Date().toISOString().slice(0, 19)}Z)`;
  let said = '';
  for (;;) {
    const taken = lock(file, words);
    if (!('holder' in taken)) return taken;
    if (noWait) throw new TreelineError('repo.locked', { subject: repo, detail: taken.holder });
    if (taken.holder !== said) context.message(`Waiting for ${(said = taken.holder)}, which is writing to ${repo}`);
    await sleep(pollMs);
  }
}
