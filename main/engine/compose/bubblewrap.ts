import { spawnSync } from 'node:child_process';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';

export interface RunResult {
  /** Exit status; 128 + signal when killed. */
  readonly status: number;
  /** Lines of stdout and stderr. */
  readonly output: readonly string[];
  /** It didn't end in time and was killed with everything it had started. */
  readonly timedOut: boolean;
}

/** What scripts may do as root inside: owners, modes, capabilities, other users; no devices, no mounts, no network. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP', 'SYS_CHROOT'];

const isolation = [
  '--unshare-net',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--die-with-parent',
  '--new-session',
  '--cap-drop',
  'ALL',
];

/** Bytes of output of one script that are kept in memory. */
const outputLimitBytes = 64 << 20;

/**
 * Run a program in bubblewrap (bwrap(1)) and wait for it. What it leaves behind in the background dies with it: its process namespace goes.
 * Throws compose.sandbox when bubblewrap itself can't start.
 */
export function bubblewrap(args: readonly string[], input: string | undefined, timeoutMs: number): RunResult {
  const result = spawnSync('bwrap', [...isolation, ...capabilities.flatMap((name) => ['--cap-add', `CAP_${name}`]), ...args], {
    input: input ?? '',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    maxBuffer: outputLimitBytes,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const code = (result.error as NodeJS.ErrnoException | undefined)?.code;
  // EPIPE: it ended without reading its input
  if (result.error && code !== 'ETIMEDOUT' && code !== 'ENOBUFS' && code !== 'EPIPE')
    throw new TreelineError('compose.sandbox', { subject: 'bwrap', detail: result.error.message });
  const output = `${result.stdout.toString('utf8')}${result.stderr.toString('utf8')}`.split('\n').filter((line) => line.trim() !== '');
  if (code === 'ENOBUFS') output.push(`more than ${outputLimitBytes >> 20} MiB of output`);
  const broken = output.find((line) => line.startsWith('bwrap: ') && !line.startsWith('bwrap: execvp'));
  if (result.status !== 0 && broken) throw new TreelineError('compose.sandbox', { subject: 'bwrap', detail: broken });
  return { status: result.status ?? 128 + 9, output, timedOut: code === 'ETIMEDOUT' };
}

/** Throws disk.full when a program failed because nothing could be written any more: `subject` is who, `place` where. */
export function checkSpace({ status, output }: RunResult, subject: string, place: string, facts: ErrorReport['facts'] = {}): void {
  const line = output.find((text) => /No space left on device|Disk quota exceeded/i.test(text));
  if (status !== 0 && line !== undefined)
    throw new TreelineError('disk.full', { subject: place, detail: `${subject}: ${line.trim()}`, facts });
}
