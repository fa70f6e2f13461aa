// SPDX-License-Identifier: LGPL-2.1-or-later
import { cut, keptLimits } from '../../shared/dbus/index.ts';
import { isErrorReport, type ErrorReport } from '../../shared/errors/index.ts';
import { hasShape } from '../files/index.ts';
import type { JobPhase, JobState } from '../../shared/domain/index.ts';

/** Drop what was put in first, until no more than `most` are left. */
export function keepNewest<K>(map: Map<K, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

/** A report as it is remembered and written down: a caller's own words in it don't fill memory and disk. */
export function cutReport(report: ErrorReport): ErrorReport {
  return {
    ...report,
    ...(report.subject === undefined ? {} : { subject: cut(report.subject, keptLimits.title) }),
    ...(report.detail === undefined ? {} : { detail: cut(report.detail, keptLimits.detail) }),
  };
}

/** A job as it is remembered and written down. */
export function cutJob(job: JobState): JobState {
  return {
    ...job,
    title: cut(job.title, keptLimits.title),
    messages: job.messages.map((text) => cut(text, keptLimits.detail)),
    ...(job.error ? { error: cutReport(job.error) } : {}),
  };
}

const phases: readonly unknown[] = ['waiting', 'running', 'uninterruptible', 'succeeded', 'failed', 'cancelled'] satisfies JobPhase[];
const stateShape = {
  id: 'string',
  title: 'string',
  method: 'string',
  owner: 'string',
  startedAt: 'number',
  endedAt: 'number?',
  phase: 'string',
  messages: 'strings',
  changed: 'boolean?',
} as const;
const progressShape = {
  step: 'string',
  stepIndex: 'number',
  stepCount: 'number',
  fraction: 'number',
  bytesDone: 'number?',
  bytesTotal: 'number?',
  itemsDone: 'number?',
  itemsTotal: 'number?',
  bytesPerSecond: 'number?',
  secondsLeft: 'number?',
} as const;

/** A job as another run of the service, which may have been of another version, wrote it down. */
export const isJobState = (value: unknown): value is JobState =>
  hasShape(value, stateShape) &&
  phases.includes(value.phase) &&
  (value['progress'] === undefined || hasShape(value['progress'], progressShape)) &&
  (value['error'] === undefined || isErrorReport(value['error']));
