// SPDX-License-Identifier: LGPL-2.1-or-later
import { run, type TestHost } from './host.ts';

/** Processes that the service has started and that haven't ended. */
export async function workers(host: TestHost): Promise<number[]> {
  const { stdout } = await run('pgrep', ['-P', String(host.helper.pid)]).catch(() => ({ stdout: '' }));
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** SIGKILL, unless it has ended by itself since it was looked for. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it had ended already
  }
}

/** End the service and wait for it. */
export async function endService(host: TestHost, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise((resolve) => host.helper.once('exit', resolve));
  host.helper.kill(signal);
  await gone;
}
