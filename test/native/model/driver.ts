// SPDX-License-Identifier: LGPL-2.1-or-later
// Bundled and run in a simulated start: does jobs of a sysroot one after the other in this process, as a worker does one; packages come onto a base in real workers. A line
// of JSON over the socket that is named first is a job, the answer is its last event. `argv[1]` of what it starts is the worker that is named second.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { JobEvent, JobRequest } from '../../../main/engine/jobs/index.ts';
import { sysrootJobs } from '../../../main/worker/sysroot-jobs.ts';
import { silent } from '../../fixtures/job-context.ts';
import { TreelineError } from '../../../shared/errors/index.ts';

const [, , socket = '', worker = ''] = process.argv;
process.argv[1] = worker;

async function run({ job, params }: JobRequest): Promise<JobEvent> {
  const handler = sysrootJobs[job];
  try {
    if (!handler) throw new TreelineError('not-supported', { subject: job });
    return { type: 'result', result: await Reflect.apply(handler, undefined, [params, silent]) };
  } catch (error) {
    if (!(error instanceof TreelineError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return { type: 'error', error: TreelineError.report(error) };
  }
}

const server = createServer((connection) => {
  const lines = createInterface({ input: connection });
  void (async () => {
    for await (const line of lines) connection.write(`${JSON.stringify(await run(JSON.parse(line) as JobRequest))}\n`);
    process.exit(0);
  })();
});
server.listen(socket);
