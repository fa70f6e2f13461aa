// SPDX-License-Identifier: LGPL-2.1-or-later
import { fileURLToPath } from 'node:url';

/** The worker's entry, beside the command line's in every installation. */
export const workerPath = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));

/** The service's entry. */
export const daemonPath = fileURLToPath(new URL('../helper/treelined.mjs', import.meta.url));

const libraryAnswersUrl = new URL('../worker/library-answers.mjs', import.meta.url).href;

/** What rpm-ostree's shared library asks, answered in this process; see library-answers.ts of the worker. */
export async function answerLibrary(asked: {
  readonly question: string;
  readonly source?: string;
  readonly commit?: string;
}): Promise<readonly string[]> {
  const answers = (await import(libraryAnswersUrl)) as { answerLibrary: (question: typeof asked) => Promise<readonly string[]> };
  return answers.answerLibrary(asked);
}

const abstractSocketUrl = new URL('../worker/abstract-socket.mjs', import.meta.url).href;

/** Asked only on a Node.js that can't do it itself: needs a C library, which is loaded then. */
export async function connectAbstract(name: Uint8Array, timeoutMs: number): Promise<number> {
  const { connectAbstract: connect } = (await import(abstractSocketUrl)) as { connectAbstract: typeof connectAbstract };
  return connect(name, timeoutMs);
}

/** The worker's part that reads package lists, for a process of its own. */
export const dbJobsUrl = new URL('../worker/db-jobs.mjs', import.meta.url).href;
