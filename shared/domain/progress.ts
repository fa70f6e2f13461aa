// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/error.ts';

/**
 * One honest bar: `fraction` is weighted over all steps and never goes back. Bytes and seconds are known from the start
 * of the download step or are missing; nothing is guessed from words.
 */
export interface Progress {
  /** Stable id of the running step: resolve, fetch, import, pull, deploy, ... */
  readonly step: string;
  readonly stepIndex: number;
  readonly stepCount: number;
  /** 0..1 over the whole job. */
  readonly fraction: number;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly itemsDone?: number;
  readonly itemsTotal?: number;
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
}

export type JobPhase = 'waiting' | 'running' | 'uninterruptible' | 'succeeded' | 'failed' | 'cancelled';

/** A running or past job as the app and CLI see it. Times are Unix seconds. */
export interface JobState {
  readonly id: string;
  readonly title: string;
  readonly method: string;
  readonly owner: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly phase: JobPhase;
  readonly progress?: Progress;
  /** Last lines first to last, at most 200. */
  readonly messages: readonly string[];
  /** Of a job that succeeded: false when there was nothing to do. */
  readonly changed?: boolean;
  readonly error?: ErrorReport;
}
