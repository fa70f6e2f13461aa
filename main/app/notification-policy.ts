// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  severityNumber,
  type AvailableUpdate,
  type HostSnapshot,
  type JobState,
  type ScheduledRestart,
} from '../../shared/domain/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';

/** What has been said already. Times are Unix seconds. */
export interface NotificationState {
  /** When something quiet was said last. */
  readonly quietAt: number;
  /** The version a quiet one was about, and when. */
  readonly about: Readonly<Record<string, number>>;
  /** Keys of failures and restarts that were said: each is said once. */
  readonly said: readonly string[];
  /** Jobs that ended before this aren't news. */
  readonly since: number;
}

export type Notice =
  | { readonly kind: 'did-not-take'; readonly key: string; readonly version: string; readonly text: string }
  | { readonly kind: 'job-failed'; readonly key: string; readonly error: ErrorReport }
  | { readonly kind: 'restart-soon'; readonly key: string; readonly at: number; readonly version: string }
  | { readonly kind: 'cannot-check'; readonly key: string; readonly since: number; readonly error: ErrorReport }
  | { readonly kind: 'security'; readonly key: string; readonly version: string; readonly count: number }
  | { readonly kind: 'old'; readonly key: string; readonly version: string; readonly days: number }
  | { readonly kind: 'restart-waits'; readonly key: string; readonly version: string; readonly days: number };

export interface NotificationInput {
  readonly snapshot: HostSnapshot;
  readonly scheduled?: ScheduledRestart | undefined;
  /** Unix seconds. */
  readonly now: number;
  /** The person is looking at the window, which says all of it. */
  readonly looking: boolean;
  /** Quiet ones are wanted; failures are said regardless. */
  readonly wanted: boolean;
}

const day = 86_400;
/** An update, or a finished one that waits for a restart, is worth a word after a week; the same one again after another. */
const patience = 7 * day;
const soon = 15 * 60;
const remembered = 200;

export function firstNotificationState(now: number): NotificationState {
  return { quietAt: 0, about: {}, said: [], since: now };
}

/** What to say now and what to remember. Failures always; of everything else at most one in 24 hours, and only what matters. */
export function decideNotifications(
  input: NotificationInput,
  state: NotificationState,
): { readonly notices: readonly Notice[]; readonly state: NotificationState } {
  const { snapshot, now, looking } = input;
  if (!['treeline', 'rpm-ostree'].includes(snapshot.service.kind)) return { notices: [], state };
  const loud = [...failures(snapshot, state, now), ...restartSoon(input)].filter(({ key }) => !state.said.includes(key));
  const quiet = input.wanted && now - state.quietAt >= day ? quietOne(snapshot, state, now) : undefined;
  const said = [...state.said, ...loud.map(({ key }) => key)].slice(-remembered);
  if (looking) return { notices: [], state: { ...state, said } };
  return {
    notices: [...loud, ...(quiet ? [quiet] : [])],
    state: {
      ...state,
      said,
      ...(quiet ? { quietAt: now, about: { ...recent(state.about, now), [quiet.key]: now } } : {}),
    },
  };
}

function failures(snapshot: HostSnapshot, state: NotificationState, now: number): Notice[] {
  const notices: Notice[] = [];
  const { finalizeFailure: failure, check } = snapshot;
  if (failure) notices.push({ kind: 'did-not-take', key: `finalize:${failure.at}`, version: failure.version, text: failure.text });
  for (const job of snapshot.pastJobs) {
    const error = failureOf(job);
    if (error && (job.endedAt ?? job.startedAt) >= state.since)
      notices.push({ kind: 'job-failed', key: `job:${job.id}:${job.startedAt}`, error });
  }
  // one failed check is a train in a tunnel; days of them are something to know
  if (check.kind === 'failed' && check.since > 0 && now - check.since > 3 * day) {
    notices.push({ kind: 'cannot-check', key: `check:${check.since}`, since: check.since, error: check.error });
  }
  return notices;
}

/** The error of a job that brings a version and failed; a closed password dialog and somebody's Cancel are no failures. */
function failureOf(job: JobState): ErrorReport | undefined {
  const method = job.method.toLowerCase().replace(/[^a-z]/g, '');
  const brings = ['upgrade', 'deploy', 'updatedeployment', 'rebase', 'rollback', 'finalizedeployment'].includes(method);
  if (!brings || job.phase !== 'failed' || !job.error) return undefined;
  return ['auth.dismissed', 'auth.denied', 'job.cancelled', 'update.none'].includes(job.error.code) ? undefined : job.error;
}

function restartSoon({ scheduled, now }: NotificationInput): Notice[] {
  if (!scheduled || scheduled.at <= now || scheduled.at - now > soon) return [];
  return [{ kind: 'restart-soon', key: `restart:${scheduled.at}`, at: scheduled.at, version: scheduled.version }];
}

/** The one thing worth a word: security first, then age. */
function quietOne(snapshot: HostSnapshot, state: NotificationState, now: number): Notice | undefined {
  const rested = (key: string): boolean => now - (state.about[key] ?? 0) >= patience;
  const staged = snapshot.deployments.find((deployment) => deployment.staged);
  const update = offered(snapshot);
  if (update && update.checksum !== staged?.checksum) {
    const key = `update:${update.checksum}`;
    const { count, worst } = update.security ?? { count: 0, worst: 'none' };
    if (count > 0 && severityNumber(worst) >= severityNumber('important') && rested(key)) {
      return { kind: 'security', key, version: update.version, count };
    }
    if (now - update.timestamp > patience && rested(key)) {
      return { kind: 'old', key, version: update.version, days: Math.floor((now - update.timestamp) / day) };
    }
  }
  if (staged && staged.deployedAt > 0 && now - staged.deployedAt > patience) {
    const key = `staged:${staged.checksum}`;
    if (rested(key)) return { kind: 'restart-waits', key, version: staged.version, days: Math.floor((now - staged.deployedAt) / day) };
  }
  return undefined;
}

/** What the last check that worked found, unless somebody went back from it. */
function offered({ check }: HostSnapshot): AvailableUpdate | undefined {
  const update = check.kind === 'available' ? check.update : check.kind === 'failed' ? check.last : undefined;
  return update?.rolledBackFrom ? undefined : update;
}

const recent = (about: Readonly<Record<string, number>>, now: number): Record<string, number> =>
  Object.fromEntries(Object.entries(about).filter(([, at]) => now - at < 90 * day));
