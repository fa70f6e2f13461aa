// SPDX-License-Identifier: LGPL-2.1-or-later
import { cut, keptLimits } from '../../shared/dbus/index.ts';
import type { JobState } from '../../shared/domain/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';

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
