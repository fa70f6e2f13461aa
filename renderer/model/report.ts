// SPDX-License-Identifier: LGPL-2.1-or-later
import { followedBy, timeText, type HostSnapshot, type JobState } from '../../shared/domain/index.ts';
import { errorLine, type ErrorReport } from '../../shared/errors/index.ts';

/** An error for a bug report: English and ISO dates, whatever the window's language. */
export function errorReportText(report: ErrorReport): string {
  return [errorLine(report), JSON.stringify(report, null, 2)].join('\n');
}

/** A job with its messages and the versions involved, as plain text for a bug report. */
export function jobReportText(job: JobState, snapshot: HostSnapshot | undefined): string {
  const lines = [
    `job: ${job.title} (${job.method})`,
    `by: ${job.owner}`,
    `started: ${timeText(job.startedAt)}`,
    ...(job.endedAt === undefined ? [] : [`ended: ${timeText(job.endedAt)}`]),
    `phase: ${job.phase}`,
    ...(job.progress ? [`step: ${job.progress.step} (${job.progress.stepIndex + 1} of ${job.progress.stepCount})`] : []),
  ];
  if (snapshot) {
    lines.push(`service: ${snapshot.service.kind} ${snapshot.service.version}`.trim());
    for (const deployment of snapshot.deployments) {
      const marks = [deployment.booted && 'booted', deployment.staged && 'staged', deployment.pinned && 'pinned'].filter(Boolean);
      lines.push(`deployment: ${deployment.version} ${deployment.id} ${followedBy(deployment.origin)} ${marks.join(',')}`.trim());
    }
  }
  if (job.error) lines.push('', errorReportText(job.error));
  if (job.messages.length > 0) lines.push('', ...job.messages);
  return `${lines.join('\n')}\n`;
}
