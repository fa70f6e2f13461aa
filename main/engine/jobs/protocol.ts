// SPDX-License-Identifier: LGPL-2.1-or-later
import type { WorkerEvent } from '../base/ports/job.ts';
import type { HandedTreefile } from '../compose/treefile/treefile-handover.ts';
import type { JobName, JobParams, JobResult } from './catalogue.ts';

/** The worker reads exactly one request, as JSON, from stdin until end of file. */
export interface JobRequest<N extends JobName = JobName> {
  readonly job: N;
  readonly params: JobParams<N>;
  /** The job's treefile, where it was read already. */
  readonly treefile?: HandedTreefile;
}

/** What a worker writes to fd 3. */
export type JobEvent = WorkerEvent<JobResult<JobName>>;
