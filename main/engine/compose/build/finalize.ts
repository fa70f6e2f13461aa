// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { SystemPort } from '../../base/ports/compose-store.ts';
import { Sandbox } from '../../base/sandbox/sandbox.ts';
import { ownDirectory } from './workdir.ts';

interface FinalizeContext {
  readonly root: string;
  readonly workdir: string;
  readonly system: SystemPort;
  readonly message: (text: string) => void;
}

/** Nothing of the caller's: it may hold passwords, and the same treefile must give the same tree. */
const environment: Readonly<Record<string, string>> = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp', LC_ALL: 'C.UTF-8' };

/**
 * Run the programs of finalize.d (edition 2024) on this machine, not in the tree: the finished tree is their working directory. They see an overlay
 * of it, since its files are hard links into the cache, and of the machine what the compose sees (engine/jobs/walls). Throws compose.postprocess-failed naming the program.
 */
export function runFinalize(scripts: readonly string[], { root, workdir, system, message }: FinalizeContext): void {
  if (scripts.length === 0) return;
  const directory = ownDirectory(workdir, 'finalize');
  using sandbox = new Sandbox(root, directory, system);
  for (const script of scripts) {
    system.sealDescriptors();
    const label = `finalize.d/${path.basename(script)}`;
    const result = spawnSync(script, {
      cwd: sandbox.merged,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
      maxBuffer: 64 << 20,
    });
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.split('\n').filter((line) => line !== '');
    for (const line of output) message(`${label}: ${line}`);
    if (result.status === 0) continue;
    const cause = result.error?.message ?? `exit status ${result.status ?? result.signal ?? ''}`;
    const tail = output.slice(-3).join(' | ');
    throw new TreelineError('compose.postprocess-failed', {
      file: script,
      subject: label,
      detail: tail === '' ? cause : `${cause}: ${tail}`,
    });
  }
  sandbox.finish();
}
