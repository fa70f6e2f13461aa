// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atomicFile } from '../../files/index.ts';
import type { JobName, JobParams } from '../jobs/catalogue.ts';
import { isEverything, madeDirectories, needsOf, type Needs, type WalledJob } from './needs.ts';
import { programPlaces, systemMounts } from './system.ts';

/** Says to a worker, and to those that it starts, that they are behind walls. */
const wallsVariable = 'TREELINE_WALLS';

/** A worker's surroundings. */
export interface Walls<N extends JobName = JobName> {
  /** Goes before the command. */
  readonly command: readonly string[];
  /** The job's parameters as they are inside. */
  readonly params: JobParams<N>;
  /** Bring what the job wrote for others out, when it succeeded; and clear up. Throws what writing throws. */
  finish(succeeded: boolean): void;
}

/** Options that name a file to write, which is brought out afterwards: their directories aren't shown. */
const outputs = ['touchIfChanged', 'writeCommitidTo', 'writeComposejsonTo', 'writeLockfileTo'];
const outputPlace = '/run/treeline/output';

/** Rights over the running kernel, which no job of ours needs as root. */
const droppedCapabilities = [
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_BOOT', 'SYS_TIME', 'SYS_PTRACE', 'SYSLOG', 'SYS_TTY_CONFIG', 'WAKE_ALARM'],
  ...['AUDIT_CONTROL', 'AUDIT_READ', 'BPF', 'PERFMON', 'CHECKPOINT_RESTORE', 'SYS_NICE', 'SYS_PACCT', 'LEASE', 'BLOCK_SUSPEND'],
];

/**
 * The walls behind the sandbox and behind the access to trees: a mount, process and IPC namespace (bwrap(1)) in which a worker finds the machine's programs and
 * libraries read-only, and of everything else only what its job names. A link that leads out of a tree, and a bug which follows it, find nothing there.
 * undefined when the job's own place is the whole machine.
 */
export function wallsFor<N extends WalledJob>(job: N, params: JobParams<N>, node: string, worker: string): Walls<N> | undefined {
  const { reads, writes } = (needsOf[job] as (params: JobParams<N>) => Needs)(params);
  if (writes.some(isEverything)) return undefined;
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-output-'));
  const inside: Record<string, unknown> = { ...params };
  const bringOut = new Map<string, string>();
  for (const name of outputs) {
    const file = inside[name];
    if (typeof file !== 'string') continue;
    bringOut.set(path.join(directory, name), path.resolve(file));
    inside[name] = path.join(outputPlace, name);
  }
  const places = new Map<string, '--ro-bind' | '--bind'>();
  const show = (file: string, how: '--ro-bind' | '--bind'): void => {
    const at = path.resolve(file);
    if (isEverything(at) || !existsSync(at)) return;
    // a link is shown as what it leads to, and what it leads to where it is: the names inside are those outside
    for (const name of [at, realpathSync(at)]) if (places.get(name) !== '--bind') places.set(name, how);
  };
  for (const file of [...programPlaces(node, worker), ...reads]) show(file, '--ro-bind');
  for (const file of writes) show(file, '--bind');
  // those above first: they would cover what lies below them
  const mounts = [...places].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([at, how]) => [how, at, at]);
  const cwd = process.cwd();
  return {
    command: [
      ...['bwrap', '--unshare-pid', '--unshare-ipc', '--die-with-parent'],
      ...droppedCapabilities.flatMap((name) => ['--cap-drop', `CAP_${name}`]),
      ...systemMounts(),
      ...['--dir', cwd],
      ...mounts,
      ...['--bind', directory, outputPlace],
      // the kernel's settings are the machine's
      ...['--ro-bind', '/proc/sys', '/proc/sys', '--setenv', wallsVariable, '1', '--unsetenv', 'TMPDIR', '--chdir', cwd, '--'],
    ],
    params: inside as unknown as JobParams<N>,
    finish(succeeded) {
      try {
        if (succeeded) for (const [from, to] of bringOut) if (existsSync(from)) atomicFile(to, readFileSync(from));
      } finally {
        rmSync(directory, { recursive: true, force: true });
        if (!succeeded) for (const place of writes) if (madeDirectories.delete(place)) removeIfEmpty(place);
      }
    },
  };
}

/** A directory made for a job that failed. */
function removeIfEmpty(directory: string): void {
  try {
    if (readdirSync(directory).length === 0) rmdirSync(directory);
  } catch {
    // not there, not empty, or not ours: it stays
  }
}
