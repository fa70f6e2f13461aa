// Bundles every entry into dist/. Run by `npm run build`; quick enough (about a second without the renderer) to run always.
import { build } from 'esbuild';
import { existsSync, mkdirSync, chmodSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const banner = { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" };

/** Entries that exist; a room that has none yet is skipped. */
const entries = [
  { in: 'main/worker/entry.ts', out: 'worker/worker.mjs' },
  { in: 'main/helper/entry.ts', out: 'helper/treelined.mjs' },
  { in: 'main/cli/entry.ts', out: 'cli/treeline.mjs', executable: true },
  { in: 'main/demo/entry.ts', out: 'demo/demo.mjs' },
  { in: 'main/app/entry.ts', out: 'app/main.mjs' },
  { in: 'main/preload/preload.ts', out: 'app/preload.cjs', format: 'cjs' },
].filter((entry) => existsSync(path.join(root, entry.in)));

await Promise.all(
  entries.map(async (entry) => {
    const outfile = path.join(root, 'dist', entry.out);
    mkdirSync(path.dirname(outfile), { recursive: true });
    const esm = entry.format !== 'cjs';
    await build({
      entryPoints: [path.join(root, entry.in)],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: esm ? 'esm' : 'cjs',
      sourcemap: true,
      // native modules stay outside; electron is the runtime's own; usocket and x11 are optional parts of dbus-next
      external: ['koffi', 'electron', 'usocket', 'x11'],
      banner: esm ? banner : undefined,
      logLevel: 'warning',
    });
    if (entry.executable) chmodSync(outfile, 0o755);
  }),
);

if (!process.argv.includes('--no-renderer') && existsSync(path.join(root, 'renderer/index.html'))) {
  const vite = await import('vite');
  await vite.build({ configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' });
}
