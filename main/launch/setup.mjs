// SPDX-License-Identifier: LGPL-2.1-or-later
// What `npm start` and `npm test` need before anything else: system packages, node modules, a build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LaunchError } from './console.mjs';
import { follow } from './processes.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const inRoot = (...names) => path.join(root, ...names);

export { ensureSystemPackages };

export function checkNode() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) throw new LaunchError(`Node.js 20 or later is needed; this is ${process.versions.node}.`);
  if (process.platform !== 'linux') throw new LaunchError('Treeline needs Linux: it works with OSTree.');
}

/** `npm ci` when node_modules is missing or was made from another lock file. */
export async function ensureNodeModules(say) {
  const lock = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');
  const stamp = inRoot('node_modules/.treeline-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const installed = inRoot('node_modules/.package-lock.json');
  const current = existsSync(installed) && statSync(installed).mtimeMs >= statSync(inRoot('package-lock.json')).mtimeMs;
  if (!current) {
    const started = Date.now();
    const waiting = setInterval(() => say.line(`  npm ci: ${Math.round((Date.now() - started) / 1000)} s so far`), 15_000);
    const { code, output } = await follow('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
    clearInterval(waiting);
    if (code !== 0) throw new LaunchError(`npm ci failed:\n${output.trim().split('\n').slice(-15).join('\n')}`);
  }
  writeFileSync(stamp, lock);
}

/** Build when a source is newer than the last build made here. */
export async function ensureBuild(say) {
  const stamp = inRoot('dist/.built');
  const newest = Math.max(
    ...['main', 'renderer', 'shared', 'assets', 'package.json', 'package-lock.json', 'vite.config.ts'].map((each) =>
      newestIn(inRoot(each)),
    ),
  );
  if (existsSync(stamp) && Number(readFileSync(stamp, 'utf8')) === newest) return;
  const { code, output } = await follow(process.execPath, [inRoot('main/launch/build.mjs')], { cwd: root });
  if (code !== 0) throw new LaunchError(`The build failed:\n${output}`);
  mkdirSync(inRoot('dist'), { recursive: true });
  writeFileSync(stamp, String(newest));
  say.line('built');
}

/** Newest modification time below a path, in milliseconds. */
function newestIn(target) {
  const stats = statSync(target, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  // a folder's own time changes when a file in it is removed
  return readdirSync(target).reduce((newest, name) => Math.max(newest, newestIn(path.join(target, name))), stats.mtimeMs);
}
