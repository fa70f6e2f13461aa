// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';
import type { Medium, ScheduledRestart, WhatsNew } from '../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { call } from './bridge.ts';

interface RestartState {
  readonly scheduled: ScheduledRestart | undefined;
  /** Whether the service can restart at a time. */
  readonly canSchedule: boolean;
  readonly whatsNew: WhatsNew | undefined;
  readonly media: readonly Medium[];
  /** Why the last thing that was asked here didn't happen. */
  readonly refusal: ErrorReport | undefined;
}

export const useRestart = create<RestartState>(() => ({
  scheduled: undefined,
  canSchedule: false,
  whatsNew: undefined,
  media: [],
  refusal: undefined,
}));

/** What snapshots don't hold. A service that lacks a part leaves that part of the window out. */
export async function loadSurroundings(fresh = false): Promise<void> {
  const [scheduled, whatsNew, media] = await Promise.allSettled([
    call('restart.scheduled'),
    call('restart.whatsNew'),
    call('media.list', fresh),
  ]);
  useRestart.setState({
    canSchedule: scheduled.status === 'fulfilled',
    scheduled: scheduled.status === 'fulfilled' ? scheduled.value : undefined,
    whatsNew: whatsNew.status === 'fulfilled' ? whatsNew.value : undefined,
    media: media.status === 'fulfilled' ? media.value : [],
  });
}

/** Sticks plugged in meanwhile: costs a look at what is mounted, and asks the service only when that has changed. */
export async function lookForMedia(): Promise<void> {
  if (document.hidden) return;
  const media = await call('media.list').catch(() => undefined);
  if (media && JSON.stringify(media) !== JSON.stringify(useRestart.getState().media)) useRestart.setState({ media });
}

/** A closed password dialog is an answer, not an error. */
async function attempt(work: () => Promise<Partial<RestartState>>): Promise<void> {
  useRestart.setState({ refusal: undefined });
  try {
    useRestart.setState(await work());
  } catch (error) {
    const report = TreelineError.report(error);
    if (report.code !== 'auth.dismissed') useRestart.setState({ refusal: report });
  }
}

export const restartActions = {
  /** `at` in Unix seconds. */
  schedule: (at: number) => attempt(async () => ({ scheduled: await call('restart.schedule', at) })),
  postpone: (seconds: number) => attempt(async () => ({ scheduled: await call('restart.postpone', seconds) })),
  cancel: () =>
    attempt(async () => {
      await call('restart.cancel');
      return { scheduled: undefined };
    }),
  acknowledge: () =>
    attempt(async () => {
      await call('restart.acknowledge');
      return { whatsNew: undefined };
    }),
  dismissRefusal: () => useRestart.setState({ refusal: undefined }),
};
