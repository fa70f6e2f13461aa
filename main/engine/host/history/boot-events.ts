// SPDX-License-Identifier: LGPL-2.1-or-later
import { argChanges, type Deployment, type FinalizeFailure, type HistoryEntry } from '../../../../shared/domain/index.ts';

/** What the service remembers of the system between its runs, to notice what happened while it wasn't there. */
export interface LastSeen {
  /** Changes with every start of the machine (real or simulated). */
  readonly boot: string;
  readonly bootedId?: string;
  readonly bootedVersion?: string;
  readonly bootedArgs?: readonly string[];
  readonly staged?: { readonly id: string; readonly checksum: string; readonly version: string };
  readonly finalizeFailureAt?: number;
}

export function lastSeenOf(boot: string, deployments: readonly Deployment[], failure?: FinalizeFailure): LastSeen {
  const booted = deployments.find((deployment) => deployment.booted);
  const staged = deployments.find((deployment) => deployment.staged);
  return {
    boot,
    bootedId: booted?.id,
    bootedVersion: booted?.version,
    bootedArgs: booted?.kernelArgs,
    staged: staged && { id: staged.id, checksum: staged.checksum, version: staged.version },
    finalizeFailureAt: failure?.at,
  };
}

type Event = Omit<HistoryEntry, 'id' | 'at'> & { readonly at?: number };

const system = { uid: 0, name: 'system', client: 'boot' } as const;

/** History entries for what changed between two runs of the service: finalized, finalize-failed, boot; oldest first. */
export function bootEvents(
  before: LastSeen | undefined,
  now: LastSeen,
  deployments: readonly Deployment[],
  failure?: FinalizeFailure,
): Event[] {
  const events: Event[] = [];
  if (failure && failure.at !== before?.finalizeFailureAt) {
    events.push({
      action: 'finalize-failed',
      result: 'failed',
      by: system,
      at: failure.at > 0 ? failure.at : undefined,
      toVersion: failure.version || before?.staged?.version,
      error: { code: 'sysroot.finalize-failed', subject: failure.version || before?.staged?.version, detail: failure.text },
    });
  }
  if (before?.boot === now.boot) return events;
  const staged = before?.staged;
  const finalized = staged && deployments.find((deployment) => !deployment.staged && deployment.checksum === staged.checksum);
  if (finalized) {
    events.push({
      action: 'finalized',
      result: 'ok',
      by: system,
      toVersion: staged.version,
      checksum: staged.checksum,
      deploymentId: finalized.id,
    });
  }
  if (now.bootedId !== undefined) {
    events.push({
      action: 'boot',
      result: 'ok',
      by: system,
      fromVersion: before?.bootedVersion,
      toVersion: now.bootedVersion,
      checksum: deployments.find((deployment) => deployment.booted)?.checksum,
      deploymentId: now.bootedId,
      kernelArgs: argChanges(before?.bootedArgs, now.bootedArgs),
    });
  }
  return events;
}
