// SPDX-License-Identifier: LGPL-2.1-or-later
import { cut, keptLimits, stringOption } from '../../shared/dbus/index.ts';
import type { HistoryEntry } from '../../shared/domain/index.ts';
import { messageOf } from '../../shared/errors/index.ts';
import type { HistoryFile } from '../engine/host/history/index.ts';
import { hasShape } from '../files/index.ts';
import type { DeployOutcome } from '../engine/jobs/index.ts';
import type { AnyPlan } from './job-plan.ts';
import { journal } from './journal.ts';
import { cutReport } from './kept.ts';
import type { JobAnswer, Transaction } from './transaction.ts';

/** What else than a deployment a job changed (cleaning up, remotes) has no more than some of it. */
const outcomeShape = {
  changed: 'boolean?',
  staged: 'boolean?',
  fromVersion: 'string?',
  toVersion: 'string?',
  checksum: 'string?',
  deploymentId: 'string?',
  subject: 'string?',
} as const;

/** Writes into the history what a job that changes the system has done, or failed to do. What changed nothing isn't written, and no failure to write fails the job. */
export function recordJob(history: HistoryFile, transaction: Transaction, plan: AnyPlan, result: JobAnswer | undefined): void {
  const { job, request } = transaction;
  const outcome: Partial<DeployOutcome> & { readonly subject?: string } = result && hasShape(result, outcomeShape) ? result : {};
  const cancelled = job.phase === 'cancelled';
  if (!plan.action || (job.phase === 'succeeded' && outcome.changed === false)) return;
  const action: HistoryEntry['action'] = plan.action === 'deploy' && outcome.staged ? 'stage' : plan.action;
  const { uid, userName, clientId } = request.caller;
  const subject = plan.subject ?? outcome.subject;
  try {
    history.append({
      action,
      result: job.phase === 'succeeded' ? 'ok' : cancelled ? 'cancelled' : 'failed',
      by: { uid, name: userName, client: cut(clientId || stringOption(plan.options, 'initiating-command-line'), keptLimits.label) },
      fromVersion: outcome.fromVersion,
      toVersion: outcome.toVersion,
      checksum: outcome.checksum,
      deploymentId: outcome.deploymentId,
      subject: subject === undefined ? undefined : cut(subject, keptLimits.title),
      kernelArgs: outcome.kernelArgs,
      error: job.error && cutReport(job.error),
      notRemoved: outcome.notRemoved,
    });
  } catch (error) {
    journal(`history: ${messageOf(error)}`);
  }
}
