// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostSnapshot } from '../../shared/domain/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';

/** Methods that, when they do anything, change the list of versions. */
const changing = ['Upgrade', 'Deploy', 'Rebase', 'Rollback', 'SetDefault', 'Undeploy', 'KernelArgs', 'Pin', 'ClearRollbackTarget'];

const comesBackMs = 10_000;
const lookEveryMs = 250;

/** What of the versions a job may change, to compare. */
export function versionsMark({ deployments }: Pick<HostSnapshot, 'deployments'>): string {
  return JSON.stringify(deployments.map(({ id, staged, pinned }) => [id, staged, pinned]));
}

/**
 * What to say of a job in whose middle the service ended: done, not done, or not known. `look` asks the service that comes after it, undefined
 * while there is none; `before` is versionsMark() from before the job.
 */
export async function endedReport(
  method: string,
  title: string,
  before: string | undefined,
  look: () => Promise<Pick<HostSnapshot, 'deployments'> | undefined>,
): Promise<ErrorReport> {
  const unknown = { code: 'service.ended', subject: title } as const;
  if (before === undefined || !changing.includes(method)) return unknown;
  for (let waitedMs = 0; waitedMs < comesBackMs; waitedMs += lookEveryMs) {
    const now = await look().catch(() => undefined);
    if (now) return { code: versionsMark(now) === before ? 'service.ended-undone' : 'service.ended-done', subject: title };
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return unknown;
}
