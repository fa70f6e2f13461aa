// SPDX-License-Identifier: LGPL-2.1-or-later
import { type ChildProcess, spawn } from 'node:child_process';
import { TreelineError } from '../../shared/errors/index.ts';

/** SIGTERM, and SIGKILL after `graceMs`; resolves when the process has ended. `graceMs` Infinity: never SIGKILL. */
export async function stopProcess(child: ChildProcess, graceMs = 5000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = Number.isFinite(graceMs) ? setTimeout(() => child.kill('SIGKILL'), graceMs) : undefined;
  await ended;
  clearTimeout(timer);
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and collects what it prints; throws only when it can't be started. */
export async function tryRun(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<RunResult> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new TreelineError('internal.unexpected', { subject: program, detail: error.message })));
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

/** Like `tryRun`, but an exit code other than 0 is an error that holds the program's last words. Returns stdout without its last line end. */
export async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { code, stdout, stderr } = await tryRun(program, args, env);
  if (code === 0) return stdout.replace(/\n$/, '');
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-6).join(' | ');
  throw new TreelineError('internal.unexpected', { subject: program, detail: `${program} ${args.join(' ')} ended with ${code}: ${words}` });
}
