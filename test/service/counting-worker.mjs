// SPDX-License-Identifier: LGPL-2.1-or-later
// The real worker, which says in a file that it was started: TREELINE_TEST_STARTS, a letter for each time.
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

appendFileSync(process.env.TREELINE_TEST_STARTS, 'x');
// what it starts itself is the real one, which it finds here
process.argv[1] = fileURLToPath(new URL('../../dist/worker/worker.mjs', import.meta.url));
await import(process.argv[1]);
