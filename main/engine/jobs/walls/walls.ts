// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import type { HandedTreefile } from '../../compose/treefile/treefile-handover.ts';
import type { JobName, JobParams } from '../catalogue.ts';
import { needsOf } from './needs.ts';
import { Outputs } from './outputs.ts';
import { coveredRoot, directoryOf, Mounts } from './mounts.ts';
import { isRoot, madeDirectories } from './places.ts';
import { programPlaces, systemMounts } from '../../base/sandbox/system.ts';

/** Says to a worker, and to those that it starts, that they are behind walls. */
const wallsVariable = 'TREELINE_WALLS';

/** A worker's surroundings. */
export interface Walls<N extends JobName = JobName> {
  /** Goes before the command. */
  readonly command: readonly string[];
  /** The job's parameters as they are inside. */
  readonly params: JobParams<N>;
  /** The job's treefile as it was read to find out what to show. */
  readonly treefile?: HandedTreefile | undefined;
  /** Bring what the job wrote for others out, when it succeeded; and clear up. Throws what writing throws. */
  finish(succeeded: boolean): void;
}

/** Options that name a small file to write, which is brought out afterwards: their directories aren't shown. */
const outputs = ['touchIfChanged', 'writeCommitidTo', 'writeComposejsonTo', 'writeLockfileTo', 'contentMetaTo', 'manifestTo'];
const outputPlace = '/run/treeline/output';

/** Rights over the running kernel, which no job of ours needs as root. */
const droppedCapabilities = [
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_BOOT', 'SYS_TIME', 'SYS_PTRACE', 'SYSLOG', 'SYS_TTY_CONFIG', 'WAKE_ALARM'],
  ...['AUDIT_CONTROL', 'AUDIT_READ', 'BPF', 'PERFMON', 'CHECKPOINT_RESTORE', 'SYS_NICE', 'SYS_PACCT', 'LEASE', 'BLOCK_SUSPEND'],
];

/**
 * The walls behind the sandbox and behind the access to trees: a mount, process and IPC namespace (bwrap(1)) in which a worker finds the machine's programs and
 * libraries read-only, and of everything else only what its job names. A link that leads out of a tree, and a bug which follows it, find nothing there.
 * A string when the job's place is the whole machine: why, for people. Throws usage.invalid, file.unwritable, and what is wrong with a treefile.
 */
export function wallsFor<N extends JobName>(job: N, params: JobParams<N>, node: string, worker: string): Walls<N> | string {
  const needs = needsOf[job]?.(params) ?? 'it works on nothing that others made';
  if (typeof needs === 'string') return needs;
  const { trees = [], makes = [] } = needs;
  const everything = needs.writes.find(isRoot);
  if (everything !== undefined)
    throw new TreelineError('usage.invalid', { subject: everything, detail: 'the root directory can’t be what a job writes into' });
  const inRoot = [...trees, ...makes].filter((place) => isRoot(directoryOf(place))).map((place) => path.resolve(place));
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-output-'));
  const made = new Outputs();
  const largePlaces: string[] = [];
  const clear = (succeeded: boolean): void => {
    made.remove();
    for (const each of [directory, ...largePlaces]) rmSync(each, { recursive: true, force: true });
    if (!succeeded) for (const place of needs.writes) if (madeDirectories.delete(place)) removeIfEmpty(place);
  };
  try {
    const inside = { ...params };
    const bringOut = new Map<string, string>();
    for (const name of outputs) {
      const file: unknown = Reflect.get(inside, name);
      if (typeof file !== 'string') continue;
      bringOut.set(path.join(directory, name), path.resolve(file));
      Object.assign(inside, { [name]: path.join(outputPlace, name) });
    }
    const mounts = new Mounts();
    for (const file of [...programPlaces(node, worker), ...needs.reads]) mounts.show(file, '--ro-bind');
    for (const file of needs.writes) mounts.show(file, '--bind');
    for (const tree of trees) if (!isRoot(directoryOf(tree))) mounts.showWithPlace(tree);
    for (const place of makes) {
      const there = isRoot(directoryOf(place)) ? undefined : made.add(place);
      if (there !== undefined) mounts.show(there, '--bind');
    }
    mounts.standIn(made);
    if (needs.isLarge) largePlaces.push(room(), room());
    const cwd = process.cwd();
    return {
      command: [
        ...['bwrap', '--unshare-pid', '--unshare-ipc', '--die-with-parent'],
        ...droppedCapabilities.flatMap((name) => ['--cap-drop', `CAP_${name}`]),
        ...(inRoot.length > 0 ? coveredRoot(inRoot) : []),
        ...systemMounts({ hasLinks: inRoot.length > 0 }),
        ...largePlaces.flatMap((room, i) => ['--bind', room, i === 0 ? '/tmp' : '/var/tmp']),
        ...(needs.usesLoopDevices ? ['--dev-bind', '/dev', '/dev', '--tmpfs', '/dev/shm'] : []),
        ...['--dir', cwd],
        ...mounts.args(),
        ...['--bind', directory, outputPlace],
        // the kernel's settings are the machine's
        ...['--ro-bind', '/proc/sys', '/proc/sys', '--setenv', wallsVariable, '1', '--unsetenv', 'TMPDIR', '--chdir', cwd, '--'],
      ],
      params: inside,
      treefile: needs.treefile,
      finish(succeeded) {
        try {
          if (!succeeded) return;
          for (const [from, to] of bringOut) if (existsSync(from)) atomicFile(to, readFileSync(from));
          made.bringOut();
        } finally {
          clear(succeeded);
        }
      },
    };
  } catch (error) {
    clear(false);
    throw error;
  }
}

/** A directory for what may be as large as a system: where the caller wants such (TMPDIR), else on a disk. */
const room = (): string => mkdtempSync(path.join(process.env['TMPDIR'] ?? '/var/tmp', 'treeline-room-'));

/** A directory made for a job that failed. */
function removeIfEmpty(directory: string): void {
  try {
    if (readdirSync(directory).length === 0) rmdirSync(directory);
  } catch {
    // not there, not empty, or not ours: it stays
  }
}
