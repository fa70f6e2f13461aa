// SPDX-License-Identifier: LGPL-2.1-or-later
import { cut, keptLimits, stringOption } from '../../shared/dbus/index.ts';
import type { HistoryEntry } from '../../shared/domain/index.ts';
import type { HistoryFile } from '../engine/host/history/index.ts';
import type { DeployOutcome } from '../engine/jobs/index.ts';
import type { JobPlan } from './job-methods.ts';
import { journal } from './journal.ts';
import { cutReport } from './kept.ts';
import type { Transaction } from './transaction.ts';

/** Writes into the history what a job that changes the system has done, or failed to do. What changed nothing isn't written, and no failure to write fails the job. */
export function recordJob(history: HistoryFile, transaction: Transaction, plan: JobPlan, result: unknown): void {
  const { job, request } = transaction;
  const outcome = (result ?? {}) as Partial<DeployOutcome>;
  const cancelled = job.phase === 'cancelled';
  if (!plan.action || (job.phase === 'succeeded' && outcome.changed === false)) return;
  const action: HistoryEntry['action'] = plan.action === 'deploy' && outcome.staged ? 'stage' : plan.action;
  const { uid, userName, clientId } = request.caller;
  try {
    history.append({
      action,
      result: job.phase === 'succeeded' ? 'ok' : cancelled ? 'cancelled' : 'failed',
      by: { uid, name: userName, client: cut(clientId || stringOption(plan.options, 'initiating-command-line'), keptLimits.label) },
      fromVersion: outcome.fromVersion,
      toVersion: outcome.toVersion,
      checksum: outcome.checksum,
      deploymentId: outcome.deploymentId,
      subject: plan.subject === undefined ? undefined : cut(plan.subject, keptLimits.title),
      kernelArgs: outcome.kernelArgs,
      error: job.error && cutReport(job.error),
      notRemoved: outcome.notRemoved,
    });
  } catch (error) {
    journal(`history: ${(error as Error).message}`);
  }
}
