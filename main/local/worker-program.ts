import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TreelineError } from '../../shared/errors/index.ts';

/** Where the packages of a distribution put the worker (the same for the service and the command line). */
const installed = [
  '/usr/libexec/treeline/worker/worker.mjs',
  '/usr/lib/treeline/worker/worker.mjs',
  '/usr/share/treeline/worker/worker.mjs',
];

/** The worker of this checkout, beside the app's bundle, or the installed one. Throws compose.not-installed. */
export function findWorker(): { readonly node: string; readonly worker: string } {
  const own = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));
  const worker = [own, ...installed].find((file) => existsSync(file));
  if (worker === undefined) throw new TreelineError('compose.not-installed', { subject: 'worker.mjs' });
  // the app's own runtime can't run plain scripts: that is switched off in packages
  const node = (process.env['PATH'] ?? '/usr/bin:/bin')
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => path.join(folder, 'node'))
    .find(isProgram);
  if (node === undefined) throw new TreelineError('compose.not-installed', { subject: 'node' });
  return { node, worker };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
