// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Run a program at low priority to its end; its standard output. An exit code other than 0 throws with the last lines of what it said. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', ...options.env };
  const child = spawn('nice', ['-n', '4', program, ...args], { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const out: Buffer[] = [];
  const said: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => out.push(data));
  child.stderr.on('data', (data: Buffer) => said.push(data));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(out).toString('utf8');
      if (code === 0) return resolve(text);
      const last = `${text.slice(-1500)}\n${Buffer.concat(said).toString('utf8').slice(-2500)}`.trim();
      reject(new Error(`${program} ${args.slice(0, 6).join(' ')} ended with ${code}:\n${last}`));
    });
  });
}

/** Work through a list with `width` workers; the first failure ends it. */
export async function inParallel<T>(width: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
