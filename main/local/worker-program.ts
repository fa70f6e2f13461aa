// SPDX-License-Identifier: LGPL-2.1-or-later
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TreelineError } from '../../shared/errors/index.ts';

/** Where the package of service and command line puts it (main/launch/pack/headless.mjs). */
const installed = '/usr/lib/treeline/worker/worker.mjs';

/** The worker of this checkout, beside the app's bundle, or the installed one. Throws compose.not-installed. */
export function findWorker(): { readonly node: string; readonly worker: string } {
  // the app's own runtime can't run plain scripts: that is switched off in packages
  const own = fileURLToPath(new URL('../worker/worker.mjs', import.meta.url));
  if (existsSync(own)) return { node: firstNode(process.env['PATH'] ?? ''), worker: own };
  if (!existsSync(installed)) throw new TreelineError('compose.not-installed', { subject: installed });
  // the distribution's, as for service and command line
  return { node: firstNode('/usr/bin'), worker: installed };
}

function firstNode(folders: string): string {
  const node = folders
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => path.join(folder, 'node'))
    .find(isProgram);
  if (node === undefined) throw new TreelineError('compose.not-installed', { subject: 'node' });
  return node;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
