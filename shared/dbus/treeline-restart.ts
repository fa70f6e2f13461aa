// SPDX-License-Identifier: LGPL-2.1-or-later
import { args, guarded, read, type InterfaceSpec } from './table.ts';
import { boolOption } from './options.ts';
import { deploymentIdProblem, first, optionsProblem } from './validate.ts';

/** Members of org.treeline.Sysroot1 about restarting. Times are Unix seconds. */
export const restartMethods = {
  /** `ignore-blockers` b: although something in RestartBlockers stands against it. */
  Restart: guarded(
    'a{sv} options',
    '',
    ([options]) => (boolOption(options, 'ignore-blockers') ? ['org.treeline.restart-anyway'] : ['org.treeline.restart']),
    'restart',
    { what: 'Restarting', problem: ([options]) => optionsProblem(options) },
  ),
  /** What stands against a restart, as it concerns the caller. */
  RestartBlockers: read('', 'RestartBlocker[] json', { what: 'Asking what stands against a restart' }),
  /** Replaces one that was scheduled before. */
  ScheduleRestart: guarded('t at, a{sv} options', 'ScheduledRestart json', 'org.treeline.restart', ([at]) => `restart at ${clock(at)}`, {
    what: 'Scheduling a restart',
    problem: ([, options]) => optionsProblem(options),
    details: ([at]) => ({ at: String(at) }),
  }),
  /** `seconds` later than it was. */
  PostponeRestart: guarded('u seconds', 'ScheduledRestart json', 'org.treeline.restart', 'postpone the restart', {
    what: 'Scheduling a restart',
    problem: ([seconds]) => (seconds >= 60 ? undefined : 'at least 60 seconds'),
  }),
  /** There is no restart at a time any more. */
  CancelScheduledRestart: guarded('', '', 'org.treeline.restart', 'cancel the scheduled restart', { what: 'Scheduling a restart' }),
  /** The first start of a new version, until somebody has read it. */
  WhatsNew: read('', 'WhatsNew? json', { what: 'Telling what is new' }),
  /** Somebody has read it: it isn't said again. */
  AcknowledgeWhatsNew: guarded('', '', 'org.projectatomic.rpmostree1.client-management', 'acknowledge the new version', {
    what: 'Telling what is new',
    interactive: false,
  }),
  /** End the fetching job so that it can go on later from what has arrived; one's own needs no permission. */
  Pause: guarded('', '', 'org.projectatomic.rpmostree1.cancel', 'pause the running job', { what: 'Pausing' }),
} as const satisfies InterfaceSpec['methods'];

export const restartSignals = {
  /** 15, 5 and 1 minutes and 10 seconds before. */
  RestartSoon: args('ScheduledRestart json, u seconds_left'),
} as const satisfies InterfaceSpec['signals'];

/** Of org.treeline.OS1. */
export const bootOnceMethods = {
  /** Start a deployment at the next start only; `options`: `reboot` b. */
  BootOnce: guarded(
    's deployment_id, a{sv} options',
    's transaction_address',
    'org.projectatomic.rpmostree1.rollback',
    ([id]) => `start ${id} once`,
    {
      what: 'Starting a deployment once',
      problem: ([id, options]) => first(deploymentIdProblem(id), optionsProblem(options)),
      details: ([id]) => ({ deployment: id }),
    },
  ),
} as const satisfies InterfaceSpec['methods'];

function clock(at: bigint): string {
  const date = new Date(Number(at) * 1000);
  return Number.isNaN(date.getTime()) ? String(at) : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
