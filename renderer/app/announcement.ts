// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobState } from '../../shared/domain/index.ts';

export type Announcement = { readonly kind: 'step' } | { readonly kind: 'percent'; readonly tens: number } | { readonly kind: 'end' };

const tens = (job: JobState | undefined): number => Math.floor((job?.progress?.fraction ?? 0) * 10 + 1e-9);

/** What a screen reader hears about a job: each new step, every ten per cent, the end. Nothing in between. */
export function announcementFor(before: JobState | undefined, now: JobState): Announcement | undefined {
  if (['succeeded', 'failed', 'cancelled'].includes(now.phase)) return { kind: 'end' };
  if (!now.progress) return undefined;
  if (before?.id !== now.id || before.progress?.step !== now.progress.step) return { kind: 'step' };
  return tens(now) > tens(before) ? { kind: 'percent', tens: tens(now) } : undefined;
}
