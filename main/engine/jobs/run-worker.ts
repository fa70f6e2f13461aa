// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { JobName, JobParams, JobResult } from './catalogue.ts';
import { isWalled } from './walls/decisions.ts';
import type { Walls } from './walls/index.ts';
import { isJobEvent, type JobEvent, type JobRequest } from './protocol.ts';

export interface RunOptions {
  /** Path of the worker's entry file. */
  readonly worker: string;
  /** Node, with what comes before the worker's path; the program that runs this if left out. */
  readonly node?: readonly [program: string, ...args: string[]];
  readonly onEvent?: (event: JobEvent) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** After SIGTERM, SIGKILL follows after this long, unless boot entries are being written. */
  readonly killAfterMs?: number;
  /** False: a job that works on packages' content as root isn't put behind walls (see engine/jobs/walls). For tests of what stands before them. */
  readonly walls?: boolean;
}

export interface RunningJob<N extends JobName> {
  readonly pid: number | undefined;
  readonly done: Promise<JobResult<N>>;
  /** True while boot entries are being written. */
  readonly uninterruptible: boolean;
  /** Ask the worker to stop. Returns false, and does nothing, while it can't be interrupted. */
  cancel(): boolean;
}

const stderrKeptBytes = 8192;

/**
 * Jobs that work on what others made are put behind walls when they run as root of the machine or, where something comes before Node, of a user namespace. What they
 * start is behind the same ones.
 */
function needsWalls(job: JobName, { walls = true, node = [process.execPath] }: RunOptions): boolean {
  const asRoot = process.getuid?.() === 0 || node.length > 1;
  return walls && asRoot && isWalled(job) && process.env['TREELINE_WALLS'] === undefined;
}

/** What is going on with a job. */
interface State {
  uninterruptible: boolean;
  cancelled: boolean;
  child?: ChildProcess;
}

/** Start one worker process for one job (see protocol.ts). The promise rejects with a TreelineError only. */
export function runJob<N extends JobName>(job: N, params: JobParams<N>, options: RunOptions): RunningJob<N> {
  const state: State = { uninterruptible: false, cancelled: false };
  const done = needsWalls(job, options)
    ? behindWalls(job, params, options, state).catch(asReport)
    : start(job, { command: [], params }, options, state);
  return {
    get pid() {
      return state.child?.pid;
    },
    done,
    get uninterruptible() {
      return state.uninterruptible;
    },
    cancel() {
      if (state.uninterruptible) return false;
      state.cancelled = true;
      const { child } = state;
      if (!child) return true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => {
        if (!state.uninterruptible) child.kill('SIGKILL');
      }, options.killAfterMs ?? 800);
      child.once('exit', () => clearTimeout(timer));
      return true;
    },
  };
}

type Surroundings<N extends JobName> = Pick<Walls<N>, 'command' | 'params' | 'treefile'>;

function start<N extends JobName>(job: N, walls: Surroundings<N>, options: RunOptions, state: State): Promise<JobResult<N>> {
  const command = options.node ?? [process.execPath];
  const [program = process.execPath, ...args] = [...command.slice(0, -1), ...walls.command, ...command.slice(-1), options.worker];
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    // G_DEBUG: a GLib-CRITICAL means that something is wrong that we can't judge; the job must not go on
    env: { ...(walls.command.length > 0 ? plainEnvironment() : process.env), G_DEBUG: 'fatal-criticals', ...options.env },
    // its own process group: a terminal's Ctrl+C reaches the parent, which decides
    detached: true,
  });
  state.child = child;
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify({ job, params: walls.params, treefile: walls.treefile } satisfies JobRequest<N>));
  return new Promise((resolve, reject) => follow(child, job, options, state, resolve, reject));
}

/**
 * What a job behind walls keeps of its caller's environment, which may hold passwords of other programs: a link to /proc/self/environ finds it. Of proxies, registries and
 * gpg it needs what is theirs.
 */
const keptVariables =
  /^(PATH|HOME|USER|LOGNAME|TZ|LANG|LANGUAGE|LD_LIBRARY_PATH|LC_.*|TERM|SOURCE_DATE_EPOCH|GNUPGHOME|XDG_.*|SSL_CERT_.*|(https?|ftp|all|no)_proxy|REGISTRY_AUTH_FILE|DOCKER_CONFIG|NODE_.*|TREELINE_.*|OSTREE_.*|LIBDNF_.*|G_.*)$/i;

const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => keptVariables.test(name)));

async function behindWalls<N extends JobName>(job: N, params: JobParams<N>, options: RunOptions, state: State): Promise<JobResult<N>> {
  // on demand: it reads treefiles, which most processes that run jobs never do
  const { wallsFor } = await import('./walls/index.ts');
  if (state.cancelled) throw new TreelineError('job.cancelled', { subject: job });
  const node = options.node?.at(-1) ?? process.execPath;
  const walls = wallsFor(job, params, node, options.worker);
  if (typeof walls === 'string') {
    options.onEvent?.({ type: 'message', text: `Without walls around the job (docs/threat-model.md): ${walls}` });
    return start(job, { command: [], params }, options, state);
  }
  let succeeded = false;
  try {
    const result = await start(job, walls, options, state);
    succeeded = true;
    return result;
  } finally {
    walls.finish(succeeded);
  }
}

/** Every error of a job is one of ours. */
const asReport = (error: unknown): never => {
  throw TreelineError.fromReport(TreelineError.report(error));
};

function follow<N extends JobName>(
  child: ChildProcess,
  job: N,
  options: RunOptions,
  state: State,
  resolve: (result: JobResult<N>) => void,
  reject: (error: TreelineError) => void,
): void {
  let outcome: Extract<JobEvent, { type: 'result' | 'error' }> | undefined;
  let task: string = job;
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-stderrKeptBytes)));
  const pipe = child.stdio[3];
  const lines = pipe instanceof Readable ? createInterface({ input: pipe }) : undefined;
  lines?.on('line', (line) => {
    const event = eventOf(line);
    if (!event) {
      outcome = { type: 'error', error: { code: 'internal.protocol', detail: line.slice(0, 200) } };
      return;
    }
    if (event.type === 'result' || event.type === 'error') outcome = event;
    if (event.type === 'uninterruptible') state.uninterruptible = event.on;
    if (event.type === 'task' && !event.done) task = event.text;
    options.onEvent?.(event);
  });
  child.on('error', (error) => reject(new TreelineError('internal.worker-crashed', { subject: job, detail: error.message })));
  child.on('exit', () => endGroup(child, state));
  // 'close' comes after fd 3 was read to its end, 'exit' may come before
  child.on('close', (code, signal) => {
    state.uninterruptible = false;
    if (outcome?.type === 'result') resolve(outcome.result);
    else if (state.cancelled) reject(new TreelineError('job.cancelled', { subject: job }));
    else if (outcome?.type === 'error') reject(TreelineError.fromReport(outcome.error));
    else reject(crashError(task, code, signal, stderr));
  });
}

/**
 * What a worker started ends with it. bubblewrap's `--die-with-parent` doesn't do that for a bwrap that is killed while it starts: its child then works on, unowned, and
 * holds what it locked and fd 3, whose end is waited for.
 */
function endGroup({ pid }: ChildProcess, { uninterruptible }: State): void {
  if (pid === undefined || uninterruptible) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left
  }
}

function eventOf(line: string): JobEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return isJobEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** What to say of a worker that ended without an answer. `task`: what was going on. */
export function crashError(task: string, code: number | null, signal: NodeJS.Signals | null, stderr: string): TreelineError {
  const walls = /^bwrap: .*$/m.exec(stderr)?.[0];
  if (walls !== undefined && code === 1) return new TreelineError('compose.sandbox', { subject: 'bwrap', detail: walls });
  const critical = /^.*-CRITICAL \*\*.*$/m.exec(stderr)?.[0];
  if (critical) return new TreelineError('library.critical', { subject: task, detail: critical.trim() });
  const last = stderr.trim().split('\n').slice(-3).join(' | ');
  return new TreelineError('internal.worker-crashed', {
    subject: task,
    detail: `${signal ?? signalOf(code) ?? `exit code ${code}`}${last ? ` (${last})` : ''}`,
  });
}

/** The signal that ended a process which bubblewrap waited for: it exits with 128 and the signal's number. */
const signalOf = (code: number | null): string | undefined =>
  Object.entries(constants.signals).find(([, number]) => number + 128 === code)?.[0];
