// SPDX-License-Identifier: LGPL-2.1-or-later
// The simulated host (dist/demo/demo.mjs) as a child process: as root, through sudo for an ordinary user.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { LaunchError } from './console.mjs';
import { hasProgram } from './processes.mjs';
import { root } from './setup.mjs';

const program = path.join(root, 'dist/demo/demo.mjs');

function asRoot(args) {
  if (process.getuid() === 0) return [process.execPath, [program, ...args]];
  if (!hasProgram('sudo')) {
    throw new LaunchError('The demo host needs root for its namespaces and its own file system: run this as root, or install sudo.');
  }
  return ['sudo', [process.execPath, program, ...args]];
}

/**
 * Start it. `ready` resolves to the bus address when the service answers.
 * @param {string} user who may do everything on it
 * @param {(event: object) => void} onEvent each event line
 * @returns {{ ready: Promise<string>, ended: Promise<number>, stop: () => Promise<void> }}
 */
export function startDemo(user, onEvent) {
  // the password first, with the terminal: later its prompt would mix with the progress
  if (process.getuid() !== 0 && hasProgram('sudo')) spawnSync('sudo', ['--validate'], { stdio: 'inherit' });
  const [command, args] = asRoot(['up', '--json', '--user', user]);
  // a process group of its own: Ctrl+C reaches us, and we let it shut down in order by closing its stdin
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  child.stdin.on('error', () => undefined);
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const ready = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new LaunchError(`The demo host can't be started: ${error.message}`)));
    void ended.then((code) => reject(new LaunchError(`The demo host ended with ${code} before it was ready.`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      onEvent(event);
      if (event.event === 'ready') resolve(event.bus);
    });
  });
  return {
    ready,
    ended,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

export function resetDemo() {
  const [command, args] = asRoot(['reset']);
  return spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
}
