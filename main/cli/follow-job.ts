// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobState } from '../../shared/domain/index.ts';
import { runJob, type JobName, type JobParams, type JobResult } from '../engine/jobs/index.ts';
import { ProgressPrinter } from './output/progress.ts';
import { printError, standardError, standardOutput } from './output/terminal.ts';
import { workerPath } from './session/worker-path.ts';

/** Run a job in a worker of its own with its progress and messages on stdout (stderr when `aside`); the first Ctrl+C cancels it. */
export async function followJob<N extends JobName>(
  job: N,
  params: JobParams<N>,
  { quiet = false, aside = false }: { readonly quiet?: boolean; readonly aside?: boolean } = {},
): Promise<JobResult<N>> {
  if ('treefile' in params && params.treefile !== undefined && !('printOnly' in params && params.printOnly)) {
    // on demand: most commands read no treefile
    const { foreignWarnings } = await import('../engine/compose/treefile/foreign-files.ts');
    standardError.print(...foreignWarnings(params.treefile, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }));
  }
  const printer = new ProgressPrinter(aside ? standardError : standardOutput, quiet);
  let state: JobState = { id: '', title: job, method: job, owner: '', startedAt: 0, phase: 'running', messages: [], changed: false };
  const running = runJob(job, params, {
    worker: workerPath,
    onEvent: (event) => {
      if (event.type === 'progress') state = { ...state, progress: event.progress };
      else if (event.type === 'message') state = { ...state, messages: [...state.messages.slice(-199), event.text] };
      else return;
      printer.show(state);
    },
  });
  let interrupts = 0;
  const stop = (): void => {
    if (interrupts++ > 0) process.exit(130);
    running.cancel();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await running.done;
  } finally {
    printer.clear();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** Run a command's action; an error is one line on stderr and exit code 1. */
export async function reportErrors(run: () => Promise<number | undefined>): Promise<void> {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    process.exitCode = printError(error);
  }
}
