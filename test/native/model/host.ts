// SPDX-License-Identifier: LGPL-2.1-or-later
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { boot, type Boot } from '../../../main/demo/simboot.ts';
import type { JobEvent, JobName, JobParams, JobResult } from '../../../main/engine/jobs/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { sh } from '../sysroot-fixture.ts';
import { packagesInside, serverInside, type Universe } from './universe.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const inside = '/run/treeline-sim/app';
const driver = path.join(root, '.cache', `model-${process.pid}`, 'driver.mjs');

/** The program that does jobs within the simulated start. */
export async function bundleDriver(): Promise<Disposable> {
  await build({
    entryPoints: [path.join(import.meta.dirname, 'driver.ts')],
    outfile: driver,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi', 'electron', 'usocket', 'x11'],
    banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return { [Symbol.dispose]: () => rmSync(path.dirname(driver), { recursive: true, force: true }) };
}

/** A copy of the universe's sysroot that is started, and started again. On tmpfs: writing boot entries must never freeze this machine's file system. */
export class ModelHost {
  readonly #universe: Universe;
  readonly #directory = mkdtempSync('/dev/shm/treeline-model-');
  #boot: Boot | undefined;
  #connection: Socket | undefined;
  #answers: AsyncIterator<string> | undefined;
  #output = '';

  constructor(universe: Universe) {
    this.#universe = universe;
    sh('cp', '-a', universe.sysroot, this.sysroot);
    mkdirSync(this.#shared);
  }

  get sysroot(): string {
    return path.join(this.#directory, 'sysroot');
  }

  get #shared(): string {
    return path.join(this.#directory, 'shared');
  }

  async start(): Promise<void> {
    const socket = path.join(this.#shared, 'socket');
    rmSync(socket, { force: true });
    this.#boot = boot({
      sysroot: this.sysroot,
      init: path.join(root, 'assets/simboot/boot.sh'),
      command: [`${inside}/node`, driver.replace(root, inside), `${inside}/shared/socket`, `${inside}/dist/worker/worker.mjs`],
      once: true,
      env: { G_DEBUG: 'fatal-criticals' },
      binds: [
        { source: this.#universe.server, target: serverInside },
        { source: this.#universe.packages, target: packagesInside },
        { source: process.execPath, target: `${inside}/node` },
        { source: path.join(root, 'dist'), target: `${inside}/dist` },
        { source: path.dirname(driver), target: path.dirname(driver).replace(root, inside) },
        { source: path.join(root, 'node_modules'), target: `${inside}/node_modules` },
        { source: this.#shared, target: `${inside}/shared`, writable: true },
      ],
      onOutput: (text) => (this.#output = (this.#output + text).slice(-4000)),
    });
    let ended = false;
    void this.#boot.ended.then(() => (ended = true));
    while (!this.#connection) {
      if (ended) throw new Error(`it didn’t start: ${this.#output}`);
      this.#connection = await connected(socket);
    }
    this.#answers = createInterface({ input: this.#connection })[Symbol.asyncIterator]();
  }

  /** Shut down, which finalizes what is staged. */
  async stop(): Promise<void> {
    this.#connection?.end();
    const end = await this.#boot?.ended;
    this.#connection = undefined;
    if (end && end.code !== 0) throw new Error(`it ended with ${end.code}: ${this.#output}`);
  }

  /** Throws what the job throws. */
  async job<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
    this.#connection?.write(`${JSON.stringify({ job, params })}\n`);
    const answer = await this.#answers?.next();
    if (!answer || answer.done) throw new Error(`${job} ended without an answer: ${this.#output}`);
    const event = JSON.parse(answer.value) as JobEvent;
    if (event.type === 'error') throw TreelineError.fromReport(event.error);
    if (event.type !== 'result') throw new Error(answer.value);
    return event.result;
  }

  async restart({ powerCut = false } = {}): Promise<void> {
    if (powerCut) await this.#cutPower();
    else await this.stop();
    await this.start();
  }

  async #cutPower(): Promise<void> {
    await this.#boot?.powerCut();
    this.#connection = undefined;
  }

  async dispose(): Promise<void> {
    await this.#cutPower();
    sh('bash', '-c', `chattr -i '${this.sysroot}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** undefined a moment later: nobody listens there yet. */
async function connected(socket: string): Promise<Socket | undefined> {
  const connection = connect(socket);
  try {
    await once(connection, 'connect');
    return connection;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 10));
    return undefined;
  }
}
