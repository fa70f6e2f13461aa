// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm run docs`: writes docs/compose-reference.md, docs/dbus.md, assets/schemas and assets/dbus from the code (`-- --check`: only looks).
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// inside the checkout, so that packages are found
const out = path.join(root, '.cache', `docs-${process.pid}`);
mkdirSync(out, { recursive: true });
try {
  const outfile = path.join(out, 'docs.mjs');
  await build({
    entryPoints: [path.join(root, 'main/launch/docs-entry.mjs')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi', 'electron', 'usocket', 'x11'],
    banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  process.exitCode = spawnSync(process.execPath, [outfile, root, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
