// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { makePlainHost, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import { isolateMounts } from '../../main/native/linux/mount.ts';
import { simulatedSession, type Step } from '../native/simulated-session.ts';
import { fingerprint, goesOn, judge } from './judge.ts';
import { fsck, make, mountOptions, repair, type Part } from './layouts.ts';
import { serviceFilesInside, type Operation } from './operations.ts';
import { Recorder, type DiskRecord } from './recorder.ts';
import { copySparse, replay, type Cut } from './replay.ts';

const sh = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** One operation on one layout of disks: recorded once, then cut wherever one wants. All of it in memory. */
export class Scenario {
  readonly #directory: string;
  readonly #parts: readonly Part[];
  readonly #operation: Operation;
  readonly #recorder: Recorder;
  readonly #bases = new Map<string, string>();
  /** Of states that were looked at: what was wrong. Most cuts leave one of a few states. */
  readonly #known = new Map<string, string[]>();
  #host: PlainHost | undefined;
  #devices: string[] = [];
  #records: readonly DiskRecord[] = [];

  constructor(parts: readonly Part[], operation: Operation) {
    // every mount namespace that anybody on the machine makes from now on would hold our file systems, and they would never be unmounted
    isolateMounts();
    this.#directory = mkdtempSync('/dev/shm/treeline-crash-');
    chmodSync(this.#directory, 0o755);
    this.#parts = parts;
    this.#operation = operation;
    this.#recorder = new Recorder(this.#directory);
  }

  get records(): readonly DiskRecord[] {
    return this.#records;
  }

  /** Different states that cuts have left so far. */
  get states(): number {
    return this.#known.size;
  }

  get #sysroot(): string {
    return path.join(this.#directory, 'sysroot');
  }

  async record(): Promise<void> {
    for (const part of this.#parts) make(part, this.#recorder.image(part.image));
    await this.#recorder.start();
    const attach = (): string[] => this.#parts.map(({ image }) => this.#recorder.attach(image));
    this.#mount(attach());
    this.#host = await (this.#operation.host ?? makePlainHost)(this.#directory);
    await publishPlain(this.#host, 3);
    for (const steps of this.#operation.before) await this.#session(steps);
    this.#unmount();
    for (const { image } of this.#parts) {
      const base = path.join(this.#directory, `base-${image}`);
      copySparse(this.#recorder.image(image), base);
      this.#bases.set(image, base);
    }
    // mounting writes, too: a journal that isn't marked as in use isn't read at the next start
    this.#recorder.reset();
    this.#mount(attach());
    await this.#session(this.#operation.recorded(this.#host), this.#operation.powerCut);
    // what the kernel has kept back so far is written, in the order that it chooses
    sh('sync', '--file-system', this.#sysroot);
    const records = this.#recorder.records();
    this.#unmount();
    await this.#recorder.stop();
    this.#records = records;
  }

  /** What is wrong after a cut; empty when all is well. */
  async cut(cut: Cut): Promise<string[]> {
    const host = this.#host as PlainHost;
    const targets = new Map(this.#parts.map(({ image }) => [image, path.join(this.#directory, `cut-${image}`)]));
    replay(this.#recorder.log, this.#records, cut, this.#bases, targets);
    const wrong: string[] = [];
    try {
      for (const part of this.#parts) repair(part, targets.get(part.image) ?? '');
      this.#mount(this.#parts.map(({ image }) => sh('losetup', '--find', '--show', targets.get(image) ?? '')));
    } catch (error) {
      this.#unmount();
      return [`can’t be mounted: ${String((error as { stderr?: string }).stderr ?? error)}`];
    }
    try {
      const state = fingerprint(this.#sysroot);
      const known = this.#known.get(state);
      if (known) wrong.push(...known);
      else {
        const found = judge(host, this.#operation);
        if (found.length === 0) found.push(...(await goesOn(this.#directory, host, this.#operation)));
        this.#known.set(state, found);
        wrong.push(...found);
      }
    } finally {
      this.#unmount();
    }
    return [...wrong, ...this.#parts.map((part) => fsck(part, targets.get(part.image) ?? '')).filter((text) => text !== '')];
  }

  async dispose(): Promise<void> {
    this.#unmount();
    await this.#recorder.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #session(steps: readonly Step[], powerCut = false): Promise<void> {
    const bundle = path.join(this.#directory, 'service-files.mjs');
    await bundleServiceFiles(bundle);
    const events = await simulatedSession(this.#directory, this.#host as PlainHost, steps, {
      powerCut,
      binds: [{ source: bundle, target: serviceFilesInside }],
    });
    for (const event of events) {
      if (event.type !== 'result' && event.type !== 'message') throw new Error(JSON.stringify(event));
      if (event.type === 'message' && event.text !== '') throw new Error(event.text);
    }
  }

  #mount(devices: readonly string[]): void {
    this.#devices = [...devices];
    this.#parts.forEach((part, i) => {
      const target = path.join(this.#sysroot, part.at);
      mkdirSync(target, { recursive: true });
      sh('mount', '-t', part.type, ...mountOptions(part), devices[i] ?? '', target);
    });
  }

  #unmount(): void {
    for (const { at } of [...this.#parts].reverse()) {
      try {
        sh('umount', path.join(this.#sysroot, at));
      } catch {
        // it was not mounted
      }
    }
    for (const device of this.#devices) {
      sh('losetup', '--detach', device);
      // the namespace of a session that has just ended may hold the file system a moment longer: until then it isn't unmounted
      for (let tries = 0; sh('losetup', '--list', '--noheadings', '--output=NAME').split('\n').includes(device); tries++) {
        if (tries > 600) throw new Error(`${device} can’t be detached`);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      }
    }
    this.#devices = [];
  }
}

let bundled: Promise<Uint8Array> | undefined;

async function bundleServiceFiles(target: string): Promise<void> {
  bundled ??= build({
    entryPoints: [path.join(import.meta.dirname, 'service-files.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['koffi', 'usocket', 'x11'],
    banner: { js: "import { createRequire as treelineRequire } from 'node:module'; const require = treelineRequire(import.meta.url);" },
  }).then(({ outputFiles }) => outputFiles[0]?.contents ?? new Uint8Array());
  const { writeFile } = await import('node:fs/promises');
  await writeFile(target, await bundled);
}
