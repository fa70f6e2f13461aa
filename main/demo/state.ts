// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

/** Where the demo keeps what. All paths absolute. */
export interface DemoPaths {
  /** The checkout (or installation) that holds dist/, assets/ and node_modules/. */
  readonly root: string;
  /** Kept between starts. */
  readonly state: string;
  /** Package repositories, one for each release. */
  readonly packages: string;
  /** The archive repository that is served. */
  readonly repo: string;
  readonly publicKey: string;
  readonly content: string;
  readonly image: string;
  /** The image's mount point: the sysroot. */
  readonly sysroot: string;
  readonly log: string;
  /** Who is running, for `status`, `down` and `exec`. */
  readonly running: string;
  /** Sockets; the same path inside and outside of the simulated boot. Short, because a socket's path holds 107 bytes. */
  readonly run: string;
  readonly peers: string;
}

export function demoPaths(root: string, state: string): DemoPaths {
  const inState = (name: string): string => path.join(state, name);
  const run = path.join('/run/treeline-demo', createHash('sha256').update(state).digest('hex').slice(0, 8));
  return {
    root,
    state,
    packages: inState('packages'),
    repo: inState('repo'),
    publicKey: inState('demo-key.asc'),
    content: inState('content.json'),
    image: inState('sysroot.img'),
    sysroot: inState('sysroot'),
    log: inState('boot.log'),
    running: inState('running.json'),
    run,
    peers: path.join(run, 'peers'),
  };
}

const runningDemo = z.object({
  pid: z.number(),
  bus: z.string(),
  url: z.string(),
  initPid: z.number().optional(),
  release: z.number().optional(),
  version: z.string().optional(),
});
export type Running = Readonly<z.infer<typeof runningDemo>>;

/** The running demo of this state directory; a file left by one that was killed counts as none. */
export function readRunning(paths: DemoPaths): Running | undefined {
  try {
    const running = runningDemo.parse(JSON.parse(readFileSync(paths.running, 'utf8')));
    // a pid may have been given to another program since
    return readFileSync(`/proc/${running.pid}/cmdline`, 'utf8').includes('demo') ? running : undefined;
  } catch {
    return undefined;
  }
}

export function writeRunning(paths: DemoPaths, running: Running | undefined): void {
  if (!running) return rmSync(paths.running, { force: true });
  mkdirSync(paths.state, { recursive: true });
  writeFileSync(paths.running, `${JSON.stringify(running, null, 2)}\n`);
}
