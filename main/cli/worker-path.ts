import { fileURLToPath } from 'node:url';

/** The worker's entry, beside the command line's in every installation. */
export const workerPath = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));

const abstractSocketUrl = new URL('../worker/abstract-socket.mjs', import.meta.url).href;

/** Asked only on a Node.js that can't do it itself: needs a C library, which is loaded then. */
export async function connectAbstract(name: Uint8Array, timeoutMs: number): Promise<number> {
  const { connectAbstract: connect } = (await import(abstractSocketUrl)) as { connectAbstract: typeof connectAbstract };
  return connect(name, timeoutMs);
}

/** The worker's part that reads package lists, for a process of its own. */
export const dbJobsUrl = new URL('../worker/db-jobs.mjs', import.meta.url).href;
