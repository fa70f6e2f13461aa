// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';

/**
 * Run a program as a unit of its own: the service has mounts of its own, and less rights than what changes the machine for everybody. What it said when it failed;
 * undefined when it didn't.
 */
export function runOnMachine(program: string, args: readonly string[]): string | undefined {
  const unit = ['--quiet', '--pipe', '--wait', '--collect', '--', program, ...args];
  const { status, error, stdout, stderr } = spawnSync('systemd-run', unit, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (error) return error.message;
  return status === 0 ? undefined : `${stderr}${stdout}`.trim() || `it ended with ${status ?? 'a signal'}`;
}
