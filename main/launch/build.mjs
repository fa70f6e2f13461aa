// SPDX-License-Identifier: LGPL-2.1-or-later
// Bundles every entry into dist/ (or --out=FOLDER). Run by `npm run build`; quick enough (about a second without the renderer) to run always.
import { build } from 'esbuild';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const out = path.resolve(root, process.argv.find((word) => word.startsWith('--out='))?.slice('--out='.length) ?? 'dist');

/** Chunks carry a hash in their names: those of earlier builds would pile up. A minute's grace for processes that still load them. */
function removeOldChunks(current) {
  for (const folder of new Set([...current].map((file) => path.dirname(file)))) {
    for (const name of readdirSync(folder)) {
      const file = path.join(folder, name);
      if (!current.has(file) && /\.(mjs|cjs)(\.map)?$/.test(name) && Date.now() - statSync(file).mtimeMs > 60_000) rmSync(file);
    }
  }
}

const banner = { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" };

/** Entries that exist; a room that has none yet is skipped. */
const entries = [
  { in: 'main/worker/entry.ts', out: 'worker/worker.mjs' },
  // a thread of the process that fetches
  { in: 'main/worker/traffic-thread.ts', out: 'worker/traffic-thread.mjs' },
  // loaded by the command line for `treeline db`, which starts no worker
  { in: 'main/worker/db-jobs.ts', out: 'worker/db-jobs.mjs' },
  // and by the command line on a Node.js that can't connect to abstract sockets
  { in: 'main/worker/library-answers.ts', out: 'worker/library-answers.mjs' },
  { in: 'main/worker/abstract-socket.ts', out: 'worker/abstract-socket.mjs' },
  { in: 'main/helper/entry.ts', out: 'helper/treelined.mjs' },
  { in: 'main/cli/entry.ts', out: 'cli/treeline.mjs', executable: true },
  { in: 'main/demo/entry.ts', out: 'demo/demo.mjs' },
  { in: 'main/cli/reference/entry.ts', out: 'reference/reference.mjs' },
  { in: 'main/app/entry.ts', out: 'app/main.mjs' },
  { in: 'main/preload/preload.ts', out: 'app/preload.cjs', format: 'cjs' },
].filter((entry) => existsSync(path.join(root, entry.in)));

/** @type {string[]} */
const written = [];
await Promise.all(
  entries.map(async (entry) => {
    const outfile = path.join(out, entry.out);
    mkdirSync(path.dirname(outfile), { recursive: true });
    const esm = entry.format !== 'cjs';
    const result = await build({
      entryPoints: { [path.parse(entry.out).name]: path.join(root, entry.in) },
      outdir: path.dirname(outfile),
      outExtension: { '.js': path.extname(entry.out) },
      // chunks beside the entry: a job loads what it uses, and paths relative to import.meta.url stay true
      splitting: esm,
      metafile: true,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: esm ? 'esm' : 'cjs',
      sourcemap: true,
      // native modules stay outside; electron is the runtime's own; usocket and x11 are optional parts of dbus-next
      external: ['koffi', 'electron', 'usocket', 'x11'],
      banner: esm ? banner : undefined,
      // true only in builds that tests make, to see what stands behind the access layer of trees (main/engine/base/tree)
      // the other one is for `npm run dev`
      define: { TREELINE_UNCONFINED_TREES: 'false', TREELINE_DEV_SERVER: '""' },
      logLevel: 'warning',
    });
    if (entry.executable) chmodSync(outfile, 0o755);
    written.push(...Object.keys(result.metafile.outputs).map((file) => path.resolve(file)));
  }),
);
removeOldChunks(new Set(written));

if (!process.argv.includes('--no-renderer') && existsSync(path.join(root, 'renderer/index.html'))) {
  const vite = await import('vite');
  await vite.build({ configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn', build: { outDir: path.join(out, 'renderer') } });
}
