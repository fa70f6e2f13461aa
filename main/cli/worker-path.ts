import { fileURLToPath } from 'node:url';

/** The worker's entry, beside the command line's in every installation. */
export const workerPath = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));
