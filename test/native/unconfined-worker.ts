// SPDX-License-Identifier: LGPL-2.1-or-later
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const top = fileURLToPath(new URL('../..', import.meta.url));

/** A worker in which the access to trees is switched off, as if it had a bug: for what stands behind it. */
export async function unconfinedWorker(): Promise<Disposable & { readonly worker: string }> {
  const out = path.join(top, '.cache', `unconfined-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const worker = path.join(out, 'worker.mjs');
  await build({
    entryPoints: [path.join(top, 'main/worker/entry.ts')],
    outfile: worker,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi', 'electron', 'usocket', 'x11'],
    banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
    define: { TREELINE_UNCONFINED_TREES: 'true' },
    logLevel: 'error',
  });
  return { worker, [Symbol.dispose]: () => rmSync(out, { recursive: true, force: true }) };
}
