// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  baseOf,
  type AvailableUpdate,
  type CheckState,
  type Deployment,
  type HostSnapshot,
  type JobState,
  type OfferedVersion,
} from '../../shared/domain/index.ts';

/** What the state card says. Exactly one holds at a time; warnings that can come on top are not in here. */
export type UpdateState =
  | { readonly kind: 'working'; readonly job: JobState }
  | { readonly kind: 'staged'; readonly deployment: Deployment; readonly failedCheck: FailedCheck | undefined }
  | { readonly kind: 'pending'; readonly deployment: Deployment; readonly failedCheck: FailedCheck | undefined }
  | { readonly kind: 'checking' }
  | {
      readonly kind: 'available';
      readonly update: AvailableUpdate;
      readonly checkedAt: number | undefined;
      readonly superseded: Deployment | undefined;
    }
  | { readonly kind: 'failed'; readonly check: FailedCheck }
  /** Nothing can be taken without losing what this machine added. */
  | { readonly kind: 'blocked'; readonly check: BlockedCheck }
  | { readonly kind: 'up-to-date'; readonly checkedAt: number; readonly wentBack: OfferedVersion | undefined; readonly staleList: boolean }
  | { readonly kind: 'never' };

export type FailedCheck = Extract<CheckState, { kind: 'failed' }>;

export type BlockedCheck = Extract<CheckState, { kind: 'blocked' }>;

const norm = (method: string): string => method.toLowerCase().replace(/[^a-z]/g, '');

/** Jobs that bring a new version; by rpm-ostree's D-Bus names and by ours. */
export function isUpdateJob(job: JobState): boolean {
  return ['upgrade', 'deploy', 'updatedeployment', 'rebase', 'stage', 'downloadupdate'].includes(norm(job.method));
}

export function isCheckJob(job: JobState): boolean {
  return ['check', 'checkforupdate', 'automaticupdatetrigger', 'downloadupdaterpmdiff', 'refreshmd'].includes(norm(job.method));
}

export const bootedOf = (snapshot: HostSnapshot): Deployment | undefined => snapshot.deployments.find((deployment) => deployment.booted);

/** The one that the next start leads to, when that isn't the running one. */
export function nextBootOf(snapshot: HostSnapshot): Deployment | undefined {
  const first = snapshot.deployments[0];
  return first && !first.booted && bootedOf(snapshot) ? first : undefined;
}

/** Of commits that are compared: what this machine added to one of them makes it no other version. */
function newerThan(update: AvailableUpdate, deployment: Deployment): boolean {
  const base = baseOf(deployment);
  return update.checksum !== base.checksum && update.timestamp > base.timestamp;
}

export function deriveUpdateState(snapshot: HostSnapshot, job: JobState | undefined, checking: boolean): UpdateState {
  if (job && isUpdateJob(job)) return { kind: 'working', job };
  const { check } = snapshot;
  const failedCheck = check.kind === 'failed' ? check : undefined;
  const next = nextBootOf(snapshot);
  if (next) {
    if (next.staged && check.kind === 'available' && newerThan(check.update, next)) {
      return { kind: 'available', update: check.update, checkedAt: check.checkedAt, superseded: next };
    }
    return { kind: next.staged ? 'staged' : 'pending', deployment: next, failedCheck };
  }
  // no check changes anything about it
  if (check.kind === 'blocked') return { kind: 'blocked', check };
  // what is known to be there stays in view: nothing moves under the pointer
  if (check.kind !== 'available' && (checking || (job && isCheckJob(job)))) return { kind: 'checking' };
  switch (check.kind) {
    case 'available':
      return { kind: 'available', update: check.update, checkedAt: check.checkedAt, superseded: undefined };
    case 'failed':
      return { kind: 'failed', check };
    case 'up-to-date':
      return { kind: 'up-to-date', checkedAt: check.checkedAt, wentBack: check.wentBack, staleList: check.staleList ?? false };
    case 'never':
      return { kind: 'never' };
  }
}

/** The last attempt to bring a new version, if it failed and nothing newer has been tried since. */
export function failedUpdateJob(snapshot: HostSnapshot, ended: JobState | undefined): JobState | undefined {
  const jobs = [...snapshot.pastJobs, ...(ended ? [ended] : [])].filter(isUpdateJob).sort((a, b) => b.startedAt - a.startedAt);
  const last = jobs[0];
  if (last?.phase !== 'failed' || last.error?.code === 'auth.dismissed') return undefined;
  const newest = Math.max(...snapshot.deployments.map((deployment) => deployment.deployedAt), 0);
  return newest > (last.endedAt ?? last.startedAt) ? undefined : last;
}

/** The last attempt to bring a new version, if it was paused: it goes on from there. */
export function pausedUpdateJob(snapshot: HostSnapshot, ended: JobState | undefined): JobState | undefined {
  const jobs = [...snapshot.pastJobs, ...(ended ? [ended] : [])].filter(isUpdateJob).sort((a, b) => b.startedAt - a.startedAt);
  return jobs[0]?.error?.code === 'job.paused' ? jobs[0] : undefined;
}

/** Key of the pair of versions whose difference the page shows; undefined when there's nothing to show. */
export function detailsKey(snapshot: HostSnapshot): string | undefined {
  const booted = bootedOf(snapshot);
  const { check } = snapshot;
  const found = check.kind === 'available' ? check.update : check.kind === 'failed' ? check.last : undefined;
  const next = nextBootOf(snapshot);
  const target = found?.checksum ?? (next?.staged ? baseOf(next).checksum : undefined);
  return booted && target && target !== baseOf(booted).checksum ? `${booted.checksum}:${target}` : undefined;
}
