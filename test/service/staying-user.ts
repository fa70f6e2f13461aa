// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestHost } from './host.ts';

/** An ordinary user who stays on the bus: jobs end with the client that asked for them, and `gdbus call` leaves at once. */
export interface StayingUser {
  /** Asks for a job of the stateroot; resolves with the address of its socket, or an error's text. */
  ask(interfaceName: string, member: string, signature: string, body: readonly unknown[]): Promise<string>;
  leave(): void;
}

export function stayingUser(host: TestHost, name: string): StayingUser {
  const script = path.join(import.meta.dirname, 'asking-user.mjs');
  const args = ['--reuid', name, '--regid', name, '--clear-groups', process.execPath, script];
  const child = spawn('setpriv', args, { env: host.env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  return {
    async ask(...call) {
      const line = Promise.race([once(lines, 'line'), once(child, 'exit').then(() => ['"it ended"'])]);
      child.stdin.write(`${JSON.stringify(call)}\n`);
      return JSON.parse(String((await line)[0])) as string;
    },
    leave: () => void child.kill(),
  };
}
