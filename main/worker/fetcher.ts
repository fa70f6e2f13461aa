// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, closeSync, existsSync, fstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Progress } from '../../shared/domain/index.ts';
import { messageOf, TreelineError } from '../../shared/errors/index.ts';
import { crashError } from '../engine/jobs/index.ts';
import { openPlain } from '../engine/base/tree/medium-directory.ts';
import type { FetchOutcome, FetchPort, FetchRequest } from '../engine/base/ports/fetch.ts';
import type { RegistryAnswer, RegistryRequest } from '../engine/images/registry/calls.ts';
import { fetchSessionWord, type FetchEvent } from './fetch-session.ts';
import { fetchUser, inUserNamespace, type User } from './fetch-user.ts';
import { FetchWatch, type Watched } from './fetch-watch.ts';

/** A summary of 64 MB and its signatures in base64. */
const maxLineLength = 100 << 20;

const stderrKeptBytes = 8192;

type Answer = Extract<FetchEvent, { type: 'result' | 'answer' }>;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Fetching runs in a process of its own, as a user without rights: what parses answers from the network can then change nothing but the
 * directory of what was fetched. One process serves all requests of a job and ends with it.
 */
export class ProcessFetcher implements FetchPort, Disposable {
  readonly #user: User | undefined;
  readonly #worker: string;
  #child: ChildProcess | undefined;
  #waiting: Waiting | undefined;
  #watch: FetchWatch | undefined;
  #stderr = '';

  /**
   * `worker`: the worker's entry file; `parent`: the system's repository; `medium`: what the process gets as descriptor `mediumFd`. The process
   * starts at once, beside our own start; 'when-needed': with the first request, of a job that seldom has one.
   */
  constructor(worker: string, parent: string, { medium, start = 'at-once' }: { medium?: string; start?: 'at-once' | 'when-needed' } = {}) {
    this.#user = fetchUser(parent, worker);
    this.#worker = worker;
    if (start === 'at-once') this.#child = this.#start(medium);
  }

  #start(medium?: string): ChildProcess {
    // opened by us, who may walk there: a stick's mount point is often its user's alone
    const fd = medium === undefined ? undefined : openMedium(medium, this.#user);
    const child = spawn(process.execPath, [this.#worker, fetchSessionWord], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...(fd === undefined ? [] : [fd])],
      env: { ...process.env, G_DEBUG: 'fatal-criticals' },
      cwd: '/',
      ...this.#user,
    });
    if (fd !== undefined) closeSync(fd);
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('data', () => this.#watch?.heard());
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-stderrKeptBytes)));
    const events = child.stdio[3];
    if (events instanceof Readable) void this.#follow(events);
    child.on('error', (error) => this.#fail(new TreelineError('internal.worker-crashed', { subject: 'Fetching', detail: error.message })));
    child.on('close', (code, signal) => this.#fail(crashError('Fetching', code, signal, this.#stderr)));
    return child;
  }

  /** True when fetching keeps root's rights though another user exists to fetch as. */
  get privileged(): boolean {
    return this.#user === undefined && process.getuid?.() === 0 && !inUserNamespace();
  }

  async fetch(request: FetchRequest, onProgress?: (progress: Progress) => void): Promise<FetchOutcome> {
    prepareDirectory(request.repo, this.#user);
    const answer = await this.#ask(request, request, onProgress);
    if (answer.type !== 'result') throw nonsense();
    return answer.result;
  }

  /** A question to a registry, which has limits of its own for servers that fall silent. `directory` is the fetching user's alone: layers may hold what isn't for everybody. */
  async askRegistry(request: RegistryRequest, directory: string, onProgress?: (progress: Progress) => void): Promise<RegistryAnswer> {
    prepareDirectory(directory, this.#user, 0o700);
    const { host, name } = request.call.image;
    const answer = await this.#ask(request, { repo: directory, remote: `${host}/${name}`, options: {}, commitOnly: false }, onProgress);
    if (answer.type !== 'answer') throw nonsense();
    return answer.answer;
  }

  #ask(request: FetchRequest | RegistryRequest, watched: Watched, onProgress?: (progress: Progress) => void): Promise<Answer> {
    const child = (this.#child ??= this.#start());
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject, ...(onProgress ? { onProgress } : {}) };
      if (child.exitCode !== null || child.signalCode !== null) {
        this.#fail(crashError('Fetching', child.exitCode, child.signalCode, this.#stderr));
      } else child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
    const watch = new FetchWatch(watched, child.pid, (error) => {
      this.#fail(error);
      child.kill('SIGKILL');
    });
    this.#watch = watch;
    return answer.finally(() => watch[Symbol.dispose]());
  }

  [Symbol.dispose](): void {
    this.#child?.stdin?.end();
  }

  /** Every line is looked at before anything is made of it. */
  async #follow(stream: Readable): Promise<void> {
    const { fetchEvent } = await import('./fetch-events.ts');
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > maxLineLength) lines.push('');
      for (const line of lines) {
        const event = fetchEvent.safeParse(parseJson(line));
        if (event.success) this.#receive(event.data);
        else {
          rest = '';
          this.#fail(nonsense());
          this.#child?.kill('SIGKILL');
          return;
        }
      }
    });
  }

  #receive(event: FetchEvent): void {
    const waiting = this.#waiting;
    if (event.type === 'progress') {
      this.#watch?.saw(event.progress);
      waiting?.onProgress?.(event.progress);
      return;
    }
    this.#waiting = undefined;
    if (event.type === 'error') waiting?.reject(TreelineError.fromReport(event.error));
    else waiting?.resolve(event);
  }

  #fail(error: TreelineError): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

const nonsense = (): TreelineError =>
  new TreelineError('internal.protocol', { subject: 'Fetching', detail: 'it said something that makes no sense' });

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** `user`: who is to read it. A stick of a file system without owners looks as its mount options say. */
function openMedium(medium: string, user: User | undefined): number {
  let fd: number;
  try {
    fd = openPlain(medium);
  } catch (error) {
    throw new TreelineError('medium.nothing', { subject: medium, detail: messageOf(error) });
  }
  const stat = fstatSync(fd);
  const needed = stat.isDirectory() ? 5 : 4;
  if (!user || stat.uid === user.uid || (stat.mode & needed) === needed) return fd;
  closeSync(fd);
  throw new TreelineError('medium.unreadable', { subject: medium, detail: `mode ${(stat.mode & 0o777).toString(8)}` });
}

/** The directory above belongs to root; only what is fetched into belongs to the fetching user. */
function prepareDirectory(repo: string, user: User | undefined, mode = 0o755): void {
  const above = path.dirname(repo);
  mkdirSync(above, { recursive: true, mode: 0o755 });
  // earlier versions closed the whole cache when a compose or package on top of a base was the first to make it
  if (user && (statSync(above).mode & 0o001) === 0) chmodSync(above, 0o755);
  // what another user fetched can't be changed by this one: it can be fetched again
  if (user && statSync(repo, { throwIfNoEntry: false })?.uid !== user.uid) rmSync(repo, { recursive: true, force: true });
  if (existsSync(repo)) return;
  mkdirSync(repo, { mode });
  if (user) chownSync(repo, user.uid, user.gid);
}
