import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from './ordinary-user.ts';

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
  stop(): Promise<void>;
}

const asRoot = (args: readonly string[]): readonly [string, string[]] =>
  userInfo().uid === 0 ? [process.execPath, [program, ...args]] : ['sudo', ['-n', process.execPath, program, ...args]];

/** Start a demo host with a state directory of its own. `content`: the state directory whose packages and releases are taken over. */
export async function startDemo(user: string, state = mkdtempSync(path.join(tmpdir(), 'treeline-demo-'))): Promise<DemoProcess> {
  const [command, args] = asRoot(['up', '--json', '--user', user, '--state', state]);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const events: DemoEvent[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const until = async (found: () => boolean): Promise<void> => {
    while (!found()) {
      const next = new Promise<void>((resolve) => waiting.add(resolve));
      const code = await Promise.race([next.then(() => undefined), ended]);
      if (code !== undefined && !found()) throw new Error(`the demo host ended with ${code}: ${stderr}`);
    }
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as DemoEvent);
    for (const resolve of waiting) resolve();
    waiting.clear();
  });
  await until(() => events.some((event) => event.event === 'ready'));
  const send = (order: object): void => void child.stdin.write(`${JSON.stringify(order)}\n`);
  return {
    bus: events.find((event) => event.event === 'ready')?.bus ?? '',
    events,
    booted: (number, times = 1) =>
      until(() => events.filter((event) => event.event === 'booted' && event.release === number).length >= times),
    publish: (release) => send({ publish: release }),
    setFault: (fault) => send({ fault }),
    exec(...words) {
      const [inside, insideArgs] = asRoot(['exec', '--state', state, '--', ...words]);
      const { status, stdout, stderr: said } = spawnSync(inside, insideArgs, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${said}`);
      return stdout;
    },
    async stop() {
      child.stdin.end();
      await ended;
      const [reset, resetArgs] = asRoot(['reset', '--state', state]);
      spawnSync(reset, resetArgs);
    },
  };
}
