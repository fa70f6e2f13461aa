// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import type { ComposePlan, ComposeResult, JobState, TreefileKey } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { runJob, type JobEvent, type JobName, type JobParams, type JobResult, type RunningJob } from '../engine/jobs/index.ts';
import type { ComposeClient, Draft } from './compose-api.ts';
import { namespaceFor } from './user-namespace.ts';
import { findWorker } from './worker-program.ts';

/** Lines of a compose that are kept for the window. */
const keptMessages = 200;

interface Current {
  readonly running: RunningJob<JobName>;
  state: JobState;
}

/** Runs workers directly: as the user, and as root of a user namespace where a tree is made. */
export class LocalComposeClient implements ComposeClient {
  readonly #listeners = new Set<(job: JobState) => void>();
  readonly #running = new Set<RunningJob<JobName>>();
  #namespace: ReturnType<typeof namespaceFor> | undefined;
  #current: Current | undefined;
  #claimed = false;
  #keys: readonly TreefileKey[] | undefined;
  readonly #find: typeof findWorker;
  /** Two at a time in one cache would write each other's repository list. */
  #cacheFree: Promise<unknown> = Promise.resolve();

  constructor(find: typeof findWorker = findWorker) {
    this.#find = find;
  }

  async ability(): ReturnType<ComposeClient['ability']> {
    // asked for again after a refusal: the person may have installed what was missing
    if (!this.#namespace || this.#namespace.ability.kind === 'none') this.#namespace = namespaceFor(userInfo().uid);
    return this.#namespace.ability;
  }

  async keys(): ReturnType<ComposeClient['keys']> {
    this.#keys ??= await this.#run('compose.keys', {});
    return this.#keys;
  }

  check(draft: Draft): ReturnType<ComposeClient['check']> {
    return this.#run('compose.check', draft);
  }

  foreign(treefile: string): ReturnType<ComposeClient['foreign']> {
    const { uid, gid } = userInfo();
    return this.#run('compose.foreign', { treefile, uid, gid });
  }

  packages(draft: Draft): ReturnType<ComposeClient['packages']> {
    return this.#exclusive(() => this.#run('compose.packages', { ...draft, cachedir: cachedir() }));
  }

  async resolve(draft: Draft, repo: string | undefined): Promise<ComposePlan> {
    const params = { ...draft, cachedir: cachedir(), ...(repo === undefined ? {} : { repo }) };
    return this.#followed('compose.resolve', params, () => true);
  }

  async compose(treefile: string, repo: string): Promise<ComposeResult> {
    const { kind, detail } = await this.ability();
    if (kind === 'none') throw new TreelineError('compose.no-namespace', { detail });
    return this.#followed('compose.tree', { treefile, repo, cachedir: cachedir() }, ({ changed }) => changed, this.#namespace?.before);
  }

  async cancel(): Promise<boolean> {
    return this.#current?.running.cancel() ?? false;
  }

  async createRepo(repo: string): Promise<void> {
    await this.#run('compose.create-repo', { repo });
  }

  releases(repo: string, ref: string, limit: number): ReturnType<ComposeClient['releases']> {
    return this.#run('compose.releases', { repo, ref, limit });
  }

  release(repo: string, checksum: string): ReturnType<ComposeClient['release']> {
    return this.#run('compose.release', { repo, checksum });
  }

  onJob(listener: (job: JobState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const running of this.#running) running.cancel();
  }

  async #run<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
    return this.#start(job, params, [], () => undefined).done;
  }

  #start<N extends JobName>(job: N, params: JobParams<N>, before: readonly string[], onEvent: (event: JobEvent) => void): RunningJob<N> {
    const { node, worker } = this.#find();
    const [program = node, ...args] = [...before, node];
    const running = runJob(job, params, { worker, node: [program, ...args], onEvent });
    this.#running.add(running);
    const forget = (): void => void this.#running.delete(running);
    running.done.then(forget, forget);
    return running;
  }

  /** A job that the window follows: its state from the first event to the last. */
  async #followed<N extends 'compose.resolve' | 'compose.tree'>(
    job: N,
    params: JobParams<N>,
    changed: (result: JobResult<N>) => boolean,
    before: readonly string[] = [],
  ): Promise<JobResult<N>> {
    if (this.#claimed) throw new TreelineError('compose.busy', { subject: cachedir(), detail: 'this window' });
    this.#claimed = true;
    const work = this.#exclusive(async () => {
      const running = this.#start(job, params, before, (event) => this.#take(event));
      const current: Current = { running: running, state: firstState(job) };
      this.#current = current;
      this.#tell(current.state);
      const end = (more: Partial<JobState>): void => {
        this.#current = undefined;
        this.#tell({ ...current.state, ...more, endedAt: now() });
      };
      try {
        const result = await running.done;
        end({ phase: 'succeeded', changed: changed(result) });
        return result;
      } catch (error) {
        const report = TreelineError.report(error);
        end({ phase: report.code === 'job.cancelled' ? 'cancelled' : 'failed', error: report });
        throw error;
      }
    });
    return work.finally(() => (this.#claimed = false));
  }

  #take(event: JobEvent): void {
    const current = this.#current;
    if (!current) return;
    const { state } = current;
    if (event.type === 'progress') current.state = { ...state, progress: event.progress };
    else if (event.type === 'message') current.state = { ...state, messages: [...state.messages, event.text].slice(-keptMessages) };
    else if (event.type === 'uninterruptible') current.state = { ...state, phase: event.on ? 'uninterruptible' : 'running' };
    else return;
    this.#tell(current.state);
  }

  #tell(state: JobState): void {
    for (const listener of this.#listeners) listener(state);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#cacheFree.then(work, work);
    this.#cacheFree = next.catch(() => undefined);
    return next;
  }
}

const now = (): number => Math.floor(Date.now() / 1000);

const firstState = (method: JobName): JobState => ({
  id: randomUUID(),
  title: method === 'compose.tree' ? 'compose tree' : 'resolve',
  method,
  owner: userInfo().username,
  startedAt: now(),
  phase: 'running',
  messages: [],
});

/** The user's own, also when the job is root inside a namespace. */
function cachedir(): string {
  const base = userInfo().uid === 0 ? '/var/cache' : (process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'));
  return path.join(base, 'treeline/compose');
}
