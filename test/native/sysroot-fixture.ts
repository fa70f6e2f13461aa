// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { runJob, type JobEvent, type JobName, type JobParams, type JobResult, type RunOptions } from '../../main/engine/jobs/index.ts';

const kernel = '6.1.0-test';
export const osname = 'testos';
export const branch = 'test/stable';

/** Runs a program and gives its stdout; its stderr is in the error. */
export function sh(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Release {
  readonly version: string;
  /** Extra files below usr/share/test, by name. */
  readonly files?: number;
  /** Size of each, 2000 bytes if not given; random, so that it doesn't compress. */
  readonly fileBytes?: number;
  readonly kernel?: string;
  readonly changes?: object;
  readonly metadata?: readonly string[];
  readonly sizes?: boolean;
  readonly commitArgs?: readonly string[];
}

/**
 * Server repository and sysroot on tmpfs: boot entries must never be written on the machine's root file system (FIFREEZE).
 * The directory is readable for everybody, as a real sysroot is.
 */
export class Fixture implements Disposable {
  readonly dir: string;
  readonly server: string;
  readonly sysroot: string;
  readonly commits: string[] = [];
  #mounted = false;
  #time = 1_700_000_000;

  constructor() {
    this.dir = mkdtempSync('/dev/shm/treeline-test-');
    chmodSync(this.dir, 0o755);
    this.server = path.join(this.dir, 'server');
    this.sysroot = path.join(this.dir, 'sysroot');
    sh('ostree', `--repo=${this.server}`, 'init', '--mode=archive');
  }

  get repo(): string {
    return path.join(this.sysroot, 'ostree/repo');
  }

  /** Commit a release on the branch; returns its checksum. */
  release(release: Release): string {
    const tree = path.join(this.dir, 'tree');
    const { version } = release;
    for (const d of ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp', 'var', 'usr/bin', 'usr/lib', 'usr/etc/test', 'usr/share/test'])
      mkdirSync(path.join(tree, d), { recursive: true });
    for (const [link, target] of [
      ['bin', 'usr/bin'],
      ['lib', 'usr/lib'],
      ['ostree', 'sysroot/ostree'],
    ]) {
      rmSync(path.join(tree, link as string), { force: true });
      symlinkSync(target as string, path.join(tree, link as string));
    }
    const modules = path.join(tree, 'usr/lib/modules', kernel);
    mkdirSync(modules, { recursive: true });
    writeFileSync(path.join(modules, 'vmlinuz'), `kernel ${release.kernel ?? 'one'}`.padEnd(100_000, 'k'));
    writeFileSync(path.join(modules, 'initramfs.img'), `initramfs ${release.kernel ?? 'one'}`.padEnd(200_000, 'i'));
    writeFileSync(path.join(tree, 'usr/lib/os-release'), `ID=testos\nNAME=Test\nPRETTY_NAME="Test OS ${version}"\n`);
    writeFileSync(path.join(tree, 'usr/etc/test/default.conf'), `vendor ${version}\n`);
    for (let i = 0; i < (release.files ?? 3); i++) {
      writeFileSync(path.join(tree, `usr/share/test/file-${version}-${i}`), randomBytes(release.fileBytes ?? 2000));
    }
    const parent = this.commits.at(-1);
    const changes = release.changes && (deflateSync(JSON.stringify({ ...release.changes, ...(parent ? { parent } : {}) })) as Buffer);
    const checksum = sh(
      'ostree',
      `--repo=${this.server}`,
      'commit',
      '--canonical-permissions',
      '--owner-uid=0',
      '--owner-gid=0',
      '--no-xattrs',
      ...(release.sizes === false ? [] : ['--generate-sizes']),
      `--tree=dir=${tree}`,
      '-b',
      branch,
      '-s',
      version,
      `--add-metadata-string=version=${version}`,
      ...(changes ? [`--add-metadata=treeline.changes=${print(changes)}`] : []),
      ...(release.metadata ?? []),
      `--timestamp=@${(this.#time += 1000)}`,
      ...(release.commitArgs ?? []),
    ).trim();
    this.commits.push(checksum);
    sh('ostree', `--repo=${this.server}`, 'summary', '-u');
    return checksum;
  }

  /** Make the sysroot with the given commit deployed, following `remote` at `url`. */
  install(url: string, checksum: string, remoteArgs: readonly string[] = ['--no-gpg-verify'], sizeMegabytes?: number): void {
    mkdirSync(this.sysroot);
    if (sizeMegabytes !== undefined) {
      sh('mount', '-t', 'tmpfs', '-o', `mode=755,size=${sizeMegabytes}m`, 'tmpfs', this.sysroot);
      this.#mounted = true;
    }
    sh('ostree', 'admin', 'init-fs', this.sysroot);
    sh('ostree', 'admin', 'os-init', `--sysroot=${this.sysroot}`, osname);
    sh('ostree', `--repo=${this.repo}`, 'remote', 'add', ...remoteArgs, 'origin', url);
    sh('ostree', `--repo=${this.repo}`, 'pull-local', '--remote=origin', this.server, checksum);
    sh('ostree', `--repo=${this.repo}`, 'refs', '--create', `origin:${branch}`, checksum);
    const kargs = ['--karg=root=LABEL=test', '--karg=quiet', '--karg=x="a b"'];
    sh('ostree', 'admin', 'deploy', `--sysroot=${this.sysroot}`, `--os=${osname}`, ...kargs, `origin:${branch}`);
  }

  [Symbol.dispose](): void {
    if (this.#mounted) sh('umount', this.sysroot);
    sh('bash', '-c', `chattr -i '${this.sysroot}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A byte string in GVariant's text form. */
function print(bytes: Buffer): string {
  return `@ay [${[...bytes].map((b) => `0x${b.toString(16).padStart(2, '0')}`).join(', ')}]`;
}

export const worker = path.resolve(import.meta.dirname, '../../dist/worker/worker.mjs');

export interface Job<N extends JobName> {
  readonly result: JobResult<N>;
  readonly events: JobEvent[];
}

/** Run a job in a real worker process (dist/ must be built). */
export async function job<N extends JobName>(name: N, params: JobParams<N>, options: Partial<RunOptions> = {}): Promise<Job<N>> {
  const events: JobEvent[] = [];
  const running = runJob(name, params, { worker, onEvent: (event) => events.push(event), ...options });
  return { result: await running.done, events };
}
