// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/index.ts';
import type { Deployment } from './deployment.ts';
import type { JobState } from './progress.ts';
import type { CheckState, FinalizeFailure } from './update.ts';

/** Everything the window needs at once; afterwards it gets a new snapshot on each change and job events in between. */
export interface HostSnapshot {
  readonly service: ServiceInfo;
  readonly hostname: string;
  readonly osname: string;
  /** PRETTY_NAME of the booted tree, '' if unknown. */
  readonly prettyName: string;
  readonly simulated: boolean;
  /** Newest first: staged, then boot order. */
  readonly deployments: readonly Deployment[];
  readonly check: CheckState;
  readonly finalizeFailure?: FinalizeFailure;
  /** Why the system can't be loaded as it is, and what mends it; deployments are what could be read all the same. Changes are refused. */
  readonly problem?: ErrorReport;
  readonly automaticUpdatePolicy: string;
  /** The program that decides about updates here (`--register-driver`). */
  readonly updateDriver?: string;
  readonly job?: JobState;
  readonly pastJobs: readonly JobState[];
}

export interface ServiceInfo {
  /** 'rpm-ostree' = a stock daemon: what it lacks is explained; 'absent' = nobody answers; 'untrusted' = owner isn't root. */
  readonly kind: 'treeline' | 'rpm-ostree' | 'absent' | 'untrusted' | 'restarting';
  readonly version: string;
  readonly detail?: string;
}
