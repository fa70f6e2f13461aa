// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Does a program of this name exist in PATH or in the sbin folders? */
export const hasProgram = (name) => programPath(name) !== undefined;

/** Where it is; undefined when it isn't. */
export function programPath(name) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Run to the end, output collected. */
export function capture(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  return { code: error ? 127 : (status ?? 1), stdout: stdout ?? '', stderr: stderr ?? String(error ?? '') };
}

/**
 * Run to the end; `onLine` gets every line of both outputs as it comes.
 * @returns {Promise<{ code: number, output: string }>} exit code (128 + signal number counts as 1) and the last 200 lines
 */
export function follow(program, args, { onLine = () => {}, ...options } = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split(/\r?\n|\r/);
      rest = lines.pop();
      for (const line of lines) take(line);
    });
    stream.on('end', () => rest && take(rest));
  }
  const take = (line) => {
    kept.push(line);
    if (kept.length > 200) kept.shift();
    onLine(line);
  };
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output: kept.join('\n') }));
  });
}

/** SIGTERM, then wait; SIGKILL after `graceMs`. */
export async function stop(child, graceMs = 5000) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}
