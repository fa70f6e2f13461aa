// SPDX-License-Identifier: LGPL-2.1-or-later
import { isErrorReport } from '../../../shared/errors/index.ts';
import { hasShape, isObject } from '../../files/index.ts';
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

const progressShape = { step: 'string', stepIndex: 'number', stepCount: 'number', fraction: 'number' } as const;

/** Whether a line that a worker wrote is one of its events. What a job answers is taken as it comes: the worker is a part of this program. */
export function isJobEvent(value: unknown): value is JobEvent {
  if (!isObject(value)) return false;
  switch (value['type']) {
    case 'progress':
      return hasShape(value['progress'], progressShape);
    case 'message':
      return typeof value['text'] === 'string';
    case 'task':
      return typeof value['text'] === 'string' && typeof value['done'] === 'boolean';
    case 'uninterruptible':
      return typeof value['on'] === 'boolean';
    case 'result':
      return value['result'] !== undefined && value['result'] !== null;
    case 'error':
      return isErrorReport(value['error']);
    default:
      return false;
  }
}
