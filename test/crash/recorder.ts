// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

/** What reached a disk, in order. `flush`: everything of this image before it is safe from then on. */
export interface DiskRecord {
  readonly kind: 'write' | 'flush';
  readonly image: string;
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
  /** Where the data lies in the log. */
  readonly at: number;
}

const headerBytes = 48;
const sh = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** A FUSE file system over the images of a directory that logs what is written to them (recorder.c), and loop devices of them. */
export class Recorder {
  readonly #directory: string;
  #process: ChildProcess | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    for (const name of ['images', 'recorded']) mkdirSync(path.join(directory, name), { recursive: true });
  }

  get log(): string {
    return path.join(this.#directory, 'log');
  }

  image(name: string): string {
    return path.join(this.#directory, 'images', name);
  }

  /** Mount it. The images must be there. */
  async start(): Promise<void> {
    const program = path.join(this.#directory, 'recorder');
    const flags = sh('pkg-config', '--cflags', '--libs', 'fuse3').split(' ');
    if (!existsSync(program)) sh('gcc', '-O1', '-Wall', '-o', program, path.join(import.meta.dirname, 'recorder.c'), ...flags);
    const mountPoint = path.join(this.#directory, 'recorded');
    this.#process = spawn(program, [mountPoint, '-f', '-s'], {
      env: { ...process.env, RECORDER_DIR: path.join(this.#directory, 'images'), RECORDER_LOG: this.log },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (let tries = 0; statSync(mountPoint).dev === statSync(this.#directory).dev; tries++) {
      if (tries > 600 || this.#process.exitCode !== null) throw new Error('the recorder could not be mounted');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** A loop device of a recorded image, without a page cache of its own. */
  attach(name: string): string {
    return sh('losetup', '--direct-io=on', '--find', '--show', path.join(this.#directory, 'recorded', name));
  }

  /** Forget what was recorded. */
  reset(): void {
    truncateSync(this.log, 0);
  }

  async stop(): Promise<void> {
    if (!this.#process) return;
    const ended = once(this.#process, 'exit');
    // a detached loop device lets its file go a moment later
    for (let tries = 0; spawnSync('umount', [path.join(this.#directory, 'recorded')]).status !== 0; tries++) {
      if (tries > 600) throw new Error('the recorder can’t be unmounted');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#process = undefined;
    await ended;
  }

  /** All that was recorded. The data stay in the log. */
  records(): DiskRecord[] {
    const size = statSync(this.log).size;
    const records: DiskRecord[] = [];
    const header = Buffer.alloc(headerBytes);
    const fd = openSync(this.log, 'r');
    try {
      for (let at = 0; at + headerBytes <= size;) {
        readSync(fd, header, 0, headerBytes, at);
        const length = header.readUInt32LE(4);
        const image = header.toString('latin1', 16).replace(/\0.*$/s, '');
        at += headerBytes;
        records.push({
          kind: header.readUInt32LE(0) === 1 ? 'write' : 'flush',
          image,
          offset: Number(header.readBigUInt64LE(8)),
          length,
          at,
        });
        at += length;
      }
    } finally {
      closeSync(fd);
    }
    return records;
  }
}
