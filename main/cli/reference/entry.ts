// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes manuals and completions, as JSON by place, to standard output: `node dist/reference/reference.mjs 2026-11-25`. Used by `npm run pack`.
import { referenceFiles } from './index.ts';

process.stdout.write(JSON.stringify(await referenceFiles(process.argv[2] ?? '')));
