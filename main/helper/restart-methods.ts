// SPDX-License-Identifier: LGPL-2.1-or-later
import { boolOption, iface, type Bus } from '../../shared/dbus/index.ts';
import type { ScheduledRestart } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Caller } from './callers.ts';
import type { Handlers } from './dispatcher.ts';
import type { JobQueue } from './job-queue.ts';
import { restartBlockers } from './logind.ts';
import type { Reader } from './reader.ts';
import { describeBlockers, type PlannedRestart, type RestartSchedule } from './restart-schedule.ts';
import type { News } from './whats-new.ts';

export interface RestartDeps {
  readonly bus: Bus;
  readonly reader: Reader;
  readonly jobs: JobQueue;
  readonly schedule: () => RestartSchedule;
  readonly news: News;
  readonly restart: (by: Caller) => void;
}

/** Restarting now or at a time, what is new after it, and pausing. "At shutdown" needs no call: what is staged is finalized at any shutdown. */
export function restartHandlers({ bus, reader, jobs, schedule, news, restart }: RestartDeps): Handlers {
  const told = (plan: PlannedRestart): Promise<ScheduledRestart> => scheduledRestart(reader, plan);
  return {
    [iface.treelineSysroot]: {
      Restart: async ({ caller, args: [options] }) => {
        jobs.assertFree(caller);
        if (!boolOption(options, 'ignore-blockers')) await requireFree(bus, caller);
        restart(caller);
        return [];
      },
      RestartBlockers: async ({ caller }) => [await restartBlockers(bus, caller)],
      ScheduleRestart: async ({ caller, args: [at] }) => [await told(schedule().schedule(Number(at), caller))],
      PostponeRestart: async ({ args: [seconds] }) => [await told(schedule().postpone(seconds))],
      CancelScheduledRestart: () => {
        schedule().cancel();
        return [];
      },
      WhatsNew: () => [news.current()],
      AcknowledgeWhatsNew: () => {
        news.acknowledge();
        return [];
      },
      Pause: () => {
        jobs.active?.pause();
        return [];
      },
    },
  };
}

/** Throws restart.blocked with who and why. */
export async function requireFree(bus: Bus, caller: Caller): Promise<void> {
  const blockers = (await restartBlockers(bus, caller)).filter((each) => each.blocks);
  if (blockers.length > 0) throw new TreelineError('restart.blocked', { detail: describeBlockers(blockers) });
}

/** With the version that will run: the staged one, else a default that isn't booted. */
export async function scheduledRestart(reader: Reader, { at, by, postponed }: PlannedRestart): Promise<ScheduledRestart> {
  const state = await reader.state().catch(() => undefined);
  const next = state?.bootedOsname ? state.deployments[0] : undefined;
  return { at, by, postponed, version: next && !next.booted ? next.version : '' };
}
