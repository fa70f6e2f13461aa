import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { TreelineError } from '../../shared/errors/index.ts';
import type { JobContext, JobEvent, JobHandlers, JobName, JobRequest } from '../engine/jobs/index.ts';

const eventsFd = 3;

function emit(event: JobEvent): void {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  // written synchronously: a crash right afterwards must not lose the line. The parent's pipe may be full for a moment.
  for (let sent = 0; sent < bytes.length;) {
    try {
      sent += writeSync(eventsFd, bytes, sent);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue;
      // the parent is gone: go on, what must not be half done is finished, and nobody reads the rest
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
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
    emit({ type: 'uninterruptible', on: true });
    try {
      return run();
    } finally {
      emit({ type: 'uninterruptible', on: false });
    }
  },
};

/** Job groups are imported on demand: a job pays only for the libraries it uses. */
async function handlers(job: JobName): Promise<Partial<JobHandlers>> {
  if (job.startsWith('compose.')) return (await import('./compose-jobs.ts')).composeJobs;
  if (job.startsWith('db.')) return (await import('./db-jobs.ts')).dbJobs;
  return (await import('./sysroot-jobs.ts')).sysrootJobs;
}

async function main(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as JobRequest;
  const handler = (await handlers(request.job))[request.job] as ((params: unknown, context: JobContext) => unknown) | undefined;
  if (!handler) throw new TreelineError('not-supported', { subject: request.job });
  const result = await handler(request.params, context);
  emit({ type: 'result', result: result as never });
}

main()
  .catch((error: unknown) => {
    if (!(error instanceof TreelineError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    emit({ type: 'error', error: TreelineError.report(error) });
    process.exitCode = 1;
  })
  .finally(() => process.exit());
