// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from './ordinary-user.ts';

/** Packages and releases are made once and kept in here. */
export const e2eState = path.join(checkout, '.cache/e2e');
const program = path.join(checkout, 'dist/demo/demo.mjs');

export interface DemoEvent {
  readonly event: 'step' | 'ready' | 'booted' | 'shutting-down';
  readonly text?: string;
  readonly bus?: string;
  readonly release?: number;
  readonly version?: string;
}

export interface DemoProcess {
  readonly bus: string;
  readonly events: readonly DemoEvent[];
  /** Resolves when release `number` is booted for the `times`-th time, counted from the start. */
  booted(number: number, times?: number): Promise<void>;
  publish(release: number): void;
  setFault(fault: object | null): void;
  /** Run a program inside the booted host, as root; returns stdout. Throws with stderr when it fails. */
  exec(...command: string[]): string;
  /** Our own command line, inside, as root; returns stdout. */
  treeline(...args: string[]): string;
  /** Shuts the host down. A second call does nothing. */
  stop(): Promise<void>;
}

/** The first start makes packages and releases. */
const upMs = 300_000;
const restartMs = 180_000;

const asRoot = (args: readonly string[]): readonly [string, string[]] =>
  userInfo().uid === 0 ? [process.execPath, [program, ...args]] : ['sudo', ['-n', process.execPath, program, ...args]];

/** Start the demo host on which `user` may do everything. `fresh`: with release 1 newly installed, and release 2 on offer. */
export async function startDemo(user: string, { fresh = false, state = e2eState } = {}): Promise<DemoProcess> {
  const [command, args] = asRoot(['up', '--json', '--user', user, '--state', state, ...(fresh ? ['--fresh'] : [])]);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const events: DemoEvent[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const until = async (found: () => boolean, timeoutMs: number): Promise<void> => {
    const tooLate = new Promise<'too late'>((resolve) => setTimeout(() => resolve('too late'), timeoutMs).unref());
    while (!found()) {
      const next = new Promise<undefined>((resolve) => waiting.add(() => resolve(undefined)));
      const end = await Promise.race([next, ended, tooLate]);
      if (end === undefined || found()) continue;
      const last = events.map((event) => JSON.stringify(event)).slice(-5);
      throw new Error(`the demo host ${end === 'too late' ? 'took too long' : `ended with ${end}`}: ${stderr} ${last.join(' ')}`);
    }
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as DemoEvent);
    for (const resolve of waiting) resolve();
    waiting.clear();
  });
  await until(() => events.some((event) => event.event === 'ready'), upMs);
  const send = (order: object): void => void child.stdin.write(`${JSON.stringify(order)}\n`);
  return {
    bus: events.find((event) => event.event === 'ready')?.bus ?? '',
    events,
    booted: (number, times = 1) =>
      until(() => events.filter((event) => event.event === 'booted' && event.release === number).length >= times, restartMs),
    publish: (release) => send({ publish: release }),
    setFault: (fault) => send({ fault }),
    exec,
    treeline: (...words) => exec('/run/treeline-sim/node', '/run/treeline-sim/treeline/dist/cli/treeline.mjs', ...words),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };

  function exec(...words: string[]): string {
    const [inside, insideArgs] = asRoot(['exec', '--state', state, '--', ...words]);
    const { status, stdout, stderr: said } = spawnSync(inside, insideArgs, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${said}`);
    return stdout;
  }
}
