// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { machinePrograms } from './system.ts';

export interface RunResult {
  /** Exit status; 128 + signal when killed. */
  readonly status: number;
  /** Lines of stdout and stderr. */
  readonly output: readonly string[];
  /** It didn't end in time and was killed with everything it had started. */
  readonly timedOut: boolean;
  /** What a worker wrote to file descriptor 3. */
  readonly events: string;
}

/** What a program finds inside: descriptors of this process, which bubblewrap closes before the program starts. */
export interface Inside {
  /** The tree's root and what is its /etc. Without: the machine's programs and libraries, read-only, are all there is. */
  readonly tree?: { readonly root: number; readonly etc: number };
  /** The seccomp program (seccomp(2)). */
  readonly filter: number;
  /** Further mounts, as bwrap(1) takes them. Their places inside must not be reached by links: bubblewrap makes what is missing there. */
  readonly mounts: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** It is a worker, which writes events to file descriptor 3. */
  readonly isWorker?: boolean;
}

/** What scripts may do as root inside: owners, modes, file capabilities, other users. Nothing that leads out: no roots, mounts, devices, other processes, network. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETFCAP'];

/** bwrap(1) itself would give the network namespace a loopback device that works, and want CAP_NET_ADMIN for it, which the service doesn't have. */
const withoutNetwork = ['--net', '--', 'bwrap'];
const isolation = [
  ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
  ...['--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
  ...capabilities.flatMap((name) => ['--cap-add', `CAP_${name}`]),
];

/** Bytes of output of one script that are kept in memory. */
const outputLimitBytes = 64 << 20;

/**
 * The one way in which programs run on a tree: in bubblewrap (bwrap(1)), with the tree as the root in namespaces of their own, nothing of the machine but
 * `mounts`, and the calls that `filter` leaves. Waits for its end. What it leaves behind in the background dies with it: its process namespace goes. Throws
 * compose.sandbox when bubblewrap itself can't start.
 */
export function bubblewrap(command: readonly string[], inside: Inside, input: string | undefined, timeoutMs: number): RunResult {
  const first = inside.isWorker ? 4 : 3;
  const { tree } = inside;
  const given = [inside.filter, ...(tree ? [tree.root, tree.etc] : [])];
  const [filter = '', root = '', etc = ''] = given.map((_, i) => String(first + i));
  const args = [
    ...isolation,
    ...(tree ? ['--bind-fd', root, '/', '--bind-fd', etc, '/etc'] : machinePrograms()),
    ...['--dev', '/dev', '--proc', '/proc'],
    ...inside.mounts,
    // the kernel's settings in /proc/sys belong to the machine, and root may write many of them without any capability
    ...['--remount-ro', '/proc', '--seccomp', filter],
    ...Object.entries(inside.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', '/', '--', ...command],
  ];
  const result = spawnSync('unshare', [...withoutNetwork, ...args], {
    input: input ?? '',
    stdio: ['pipe', 'pipe', 'pipe', ...(inside.isWorker ? ['pipe' as const] : []), ...given],
    // its first process keeps this environment, and programs inside can read it there (/proc/1/environ)
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    maxBuffer: outputLimitBytes,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const failure: NodeJS.ErrnoException | undefined = result.error;
  const code = failure?.code;
  // EPIPE: it ended without reading its input
  if (failure && code !== 'ETIMEDOUT' && code !== 'ENOBUFS' && code !== 'EPIPE')
    throw new TreelineError('compose.sandbox', { subject: 'bwrap', detail: failure.message });
  const output = `${result.stdout.toString('utf8')}${result.stderr.toString('utf8')}`.split('\n').filter((line) => line.trim() !== '');
  if (code === 'ENOBUFS') output.push(`more than ${outputLimitBytes >> 20} MiB of output`);
  // programs inside may call unshare(1), too, but hardly say nothing else
  const alone = output.length === 1 && output[0]?.startsWith('unshare: ') ? output[0] : undefined;
  const broken = output.find((line) => line.startsWith('bwrap: ') && !line.startsWith('bwrap: execvp')) ?? alone;
  if (result.status !== 0 && broken) throw new TreelineError('compose.sandbox', { subject: 'bwrap', detail: broken });
  const events = inside.isWorker ? (result.output[3]?.toString('utf8') ?? '') : '';
  return { status: result.status ?? 128 + 9, output, timedOut: code === 'ETIMEDOUT', events };
}

/** Throws disk.full when a program failed because nothing could be written any more: `subject` is who, `place` where. */
export function checkSpace({ status, output }: RunResult, subject: string, place: string, facts: ErrorReport['facts'] = {}): void {
  const line = output.find((text) => /No space left on device|Disk quota exceeded/i.test(text));
  if (status !== 0 && line !== undefined)
    throw new TreelineError('disk.full', { subject: place, detail: `${subject}: ${line.trim()}`, facts });
}
