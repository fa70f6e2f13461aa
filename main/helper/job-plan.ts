// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Options } from '../../shared/dbus/index.ts';
import type { HistoryEntry } from '../../shared/domain/index.ts';
import type { JobName, JobParams } from '../engine/jobs/index.ts';
import type { Call } from './dispatcher.ts';

/** A method call turned into a worker's job. */
export type JobPlan<N extends JobName = JobName> = { [Job in N]: PlanOf<Job> }[N];

export interface PlanOf<N extends JobName> {
  readonly job: N;
  readonly params: JobParams<N>;
  /** As rpm-ostree titles its transactions. */
  readonly title: string;
  readonly action?: HistoryEntry['action'];
  /** Restart when something changed. */
  readonly reboot?: boolean;
  /** Restart even if the job changed nothing itself. */
  readonly rebootAlways?: boolean;
  readonly options?: Options | undefined;
  /** With `reboot`: nobody asked for it himself, so who is logged in gets a countdown. */
  readonly countdown?: boolean;
  /** Keep what it answers for JobResult. */
  readonly keepResult?: boolean;
  /** Keep it besides for the `GetCached*RpmDiff` methods. */
  readonly previewKey?: string;
  /** Changes nothing, so it may be ended for somebody who comes first. */
  readonly looks?: true;
  /** What the history says it was about. */
  readonly subject?: string;
  /** Handles of what callers sent, which goes when the job is over. */
  readonly uploads?: readonly string[];
  /** What else is different afterwards, in the words of the Changed signal. */
  readonly told?: 'remotes' | 'package-repos';
}

/** A plan of whatever job. */
export type AnyPlan = PlanOf<JobName>;

/** Makes the transaction of a plan and returns its address. */
export type Launch = (call: Call, plan: AnyPlan) => Promise<string>;
