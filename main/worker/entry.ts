// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { systemCodeOf, TreelineError } from '../../shared/errors/index.ts';
import { closeInherited } from './inherited.ts';
import type { FetchEvent } from './fetch-session.ts';
import type { JobContext, JobEvent, JobHandlers, JobName, JobRequest } from '../engine/jobs/index.ts';

const eventsFd = 3;

function emit(event: JobEvent | FetchEvent): void {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  // written synchronously: a crash right afterwards must not lose the line. The parent's pipe may be full for a moment.
  for (let sent = 0; sent < bytes.length;) {
    try {
      sent += writeSync(eventsFd, bytes, sent);
    } catch (error) {
      if (systemCodeOf(error) === 'EAGAIN') continue;
      // the parent is gone: go on, what must not be half done is finished, and nobody reads the rest
      if (systemCodeOf(error) === 'EPIPE') return;
      throw error;
    }
  }
}

const context: JobContext = {
  progress: (progress) => emit({ type: 'progress', progress }),
  message: (line) => emit({ type: 'message', text: line }),
  task(name, run) {
    emit({ type: 'task', text: name, done: false });
    const end = (): void => emit({ type: 'task', text: name, done: true });
    const value = run();
    if (value instanceof Promise) void value.then(end, end);
    else end();
    return value;
  },
  uninterruptible(run) {
    deferSignals();
    emit({ type: 'uninterruptible', on: true });
    try {
      return run();
    } finally {
      emit({ type: 'uninterruptible', on: false });
    }
  },
};

let deferred = false;

/**
 * Without a handler a signal ends the process at once, in the middle of a library call too: that is how jobs are cancelled. From here on it
 * only sets a mark, which the event loop looks at when the library call is over. It stays like that: taking the handlers away would lose a
 * signal which came meanwhile; SIGKILL, which the parent sends next, still works outside of the phase.
 */
function deferSignals(): void {
  if (deferred) return;
  deferred = true;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      emit({ type: 'error', error: { code: 'job.cancelled' } });
      process.exit(1);
    });
  }
}

/** Job groups are imported on demand: a job pays only for the libraries it uses. */
async function handlers(job: JobName): Promise<Partial<JobHandlers>> {
  if (['compose.image', 'compose.build-chunked', 'compose.encapsulate', 'compose.unencapsulate'].includes(job))
    return (await import('./image-jobs.ts')).imageJobs;
  if (job.startsWith('compose.')) return (await import('./compose-jobs.ts')).composeJobs;
  if (job === 'sysroot.apply-live') return (await import('./live-jobs.ts')).liveJobs;
  if (job.startsWith('layer.')) return (await import('./layer-jobs.ts')).layerJobs;
  if (job.startsWith('image.')) return (await import('./registry-jobs.ts')).registryJobs;
  if (job.startsWith('disk.')) return (await import('./disk-jobs.ts')).diskJobs;
  if (job.startsWith('repo.')) return (await import('./repo-jobs.ts')).repoJobs;
  if (job.startsWith('db.')) return (await import('./db-jobs.ts')).dbJobs;
  if (job.startsWith('packages.')) return (await import('./package-repo-jobs.ts')).packageRepoJobs;
  if (job.startsWith('remote.')) return (await import('./remote-jobs.ts')).remoteJobs;
  if (job.startsWith('media.')) return (await import('./media-jobs.ts')).mediaJobs;
  if (job.startsWith('review.') || ['update.details', 'update.plan', 'update.preview'].includes(job))
    return (await import('./review-jobs.ts')).reviewJobs;
  return (await import('./sysroot-jobs.ts')).sysrootJobs;
}

/** By hand: a schema library takes longer to load than most jobs take. What is in `params` was typed by the one program that starts workers. */
function readRequest(text: string): JobRequest {
  const request: unknown = JSON.parse(text);
  if (isRequest(request)) return request;
  throw new TreelineError('internal.protocol', { detail: text.slice(0, 200) });
}

function isRequest(value: unknown): value is JobRequest {
  if (typeof value !== 'object' || value === null) return false;
  const params: unknown = Reflect.get(value, 'params');
  return typeof Reflect.get(value, 'job') === 'string' && typeof params === 'object' && params !== null;
}

async function main(): Promise<void> {
  // a process that fetches is given the medium it reads (engine/host/source/medium.ts)
  if (process.argv[2] !== 'fetch-session') closeInherited(eventsFd);
  // loaded on demand like the job groups: a test of the protocol alone needs no C library
  (await import('../native/linux/parent-death.ts')).endWithParent();
  // a process without privileges, started by a worker: see fetcher.ts
  if (process.argv[2] === 'fetch-session') return (await import('./fetch-session.ts')).fetchSession(emit);
  const request = readRequest(await text(process.stdin));
  if (request.treefile) (await import('../engine/compose/treefile/treefile-handover.ts')).takeOver(request.treefile);
  const jobs: Partial<JobHandlers> = await handlers(request.job);
  const handler = Object.hasOwn(jobs, request.job) ? jobs[request.job] : undefined;
  if (!handler) throw new TreelineError('not-supported', { subject: request.job });
  // parameters belong to the job's name: JobRequest says so, and so does the list of handlers
  emit({ type: 'result', result: await Reflect.apply(handler, undefined, [request.params, context]) });
}

main()
  .catch((error: unknown) => {
    if (!(error instanceof TreelineError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    emit({ type: 'error', error: TreelineError.report(error) });
    process.exitCode = 1;
  })
  .finally(() => process.exit());
