// SPDX-License-Identifier: LGPL-2.1-or-later
/** A restart that will happen at a time, unless somebody postpones or cancels it. */
export interface ScheduledRestart {
  /** Unix seconds. */
  readonly at: number;
  readonly by: string;
  /** Version that will be running afterwards, '' if nothing is staged. */
  readonly version: string;
  readonly postponed: number;
}

/** What stands against a restart now (logind inhibitors, other people's sessions). */
export interface RestartBlocker {
  readonly kind: 'inhibitor' | 'session';
  readonly who: string;
  readonly why: string;
  /** False: it only delays. */
  readonly blocks: boolean;
}

/** Said once after the first start of a new version. */
export interface WhatsNew {
  readonly fromVersion: string;
  readonly toVersion: string;
  readonly checksum: string;
  readonly at: number;
}
