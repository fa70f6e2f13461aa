import { fileURLToPath } from 'node:url';

/** The worker's entry, beside the command line's in every installation. */
export const workerPath = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));

/** The worker's part that reads package lists, for a process of its own. */
export const dbJobsUrl = new URL('../worker/db-jobs.mjs', import.meta.url).href;
