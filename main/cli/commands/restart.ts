// SPDX-License-Identifier: LGPL-2.1-or-later
import { InvalidArgumentError, type Command } from 'commander';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { ScheduledRestart } from '../../../shared/domain/index.ts';
import { withOptionFlags } from '../session/option-flags.ts';
import { action, type Session } from '../session/session.ts';
import { dateText } from '../output/status.ts';
import { findDeployment } from './deployments.ts';
import { wholeSystem } from '../session/whole-system.ts';

interface RestartFlags {
  readonly at?: number;
  readonly cancel?: boolean;
  readonly postpone?: number;
  readonly show?: boolean;
  readonly force?: boolean;
}

export function registerRestart(program: Command): void {
  wholeSystem(program.command('restart'))
    .description('Restart to finish an update: now, or at a time')
    .option('--at <time>', 'schedule it: HH:MM, +MINUTES, or an ISO date and time', restartTime)
    .option('--cancel', 'cancel the scheduled restart')
    .option('--postpone <minutes>', 'let the scheduled restart wait so much longer', minutes)
    .option('--show', 'show the scheduled restart, and what stands against one')
    .option('-f, --force', 'although a program or another person stands against it')
    .action(action(restart));
  withOptionFlags(program.command('boot-once <deployment>'))
    .description('Start a deployment at the next start only, by index or id')
    .action(action(bootOnce));
  wholeSystem(program.command('pause'))
    .description('Stop fetching and keep what has arrived; `upgrade` goes on from there')
    .action(action(pause));
}

async function restart(session: Session, flags: RestartFlags): Promise<undefined> {
  const { client } = session;
  const chosen = (['at', 'cancel', 'postpone', 'show'] as const).filter((flag) => flags[flag] !== undefined);
  if (chosen.length > 1) throw new TreelineError('usage.invalid', { detail: `--${chosen[0]} and --${chosen[1]} exclude each other` });
  if (flags.at !== undefined) session.print(planText(await client.scheduleRestart(flags.at)));
  else if (flags.postpone !== undefined) session.print(planText(await client.postponeRestart(flags.postpone * 60)));
  else if (flags.cancel) await client.cancelScheduledRestart();
  else if (flags.show) await show(session);
  else await client.restart({ force: flags.force });
  return undefined;
}

async function show(session: Session): Promise<void> {
  const plan = await session.client.scheduledRestart();
  session.print(plan ? planText(plan) : 'No restart is scheduled.');
  for (const { kind, who, why, blocks } of await session.client.restartBlockers()) {
    const text = kind === 'session' ? `${who} is logged in` : `${who}: ${why}`;
    session.print(`${blocks ? 'against it' : 'waited for'}: ${text}`);
  }
}

function planText({ at, by, version, postponed }: ScheduledRestart): string {
  const times = postponed > 0 ? `, postponed ${postponed} ${postponed === 1 ? 'time' : 'times'}` : '';
  return `Restart at ${dateText(at)}${version ? ` into ${version}` : ''}, scheduled by ${by}${times}.`;
}

async function bootOnce(session: Session, wanted: string, options: { reboot?: boolean }): Promise<undefined> {
  const target = findDeployment(session, (await session.client.snapshot()).deployments, wanted);
  await session.follow(() => session.client.bootOnce(target.id, options));
  session.print(`Next to start, once: ${target.version || target.checksum} (${target.id})`);
  return undefined;
}

async function pause(session: Session): Promise<undefined> {
  const { job } = await session.client.snapshot();
  if (!job) session.print('No job is running.');
  else await session.client.pause();
  return undefined;
}

function minutes(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) === 0) throw new InvalidArgumentError('Minutes are meant.');
  return Number(text);
}

/** Unix seconds of `HH:MM` (the next one of the local clock), `+MINUTES` or an ISO date with a time. `now`: Unix milliseconds. */
export function restartTime(text: string, _before?: unknown, now = Date.now()): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock) {
    const date = new Date(now);
    date.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (date.getTime() <= now) date.setDate(date.getDate() + 1);
    return date.getTime() / 1000;
  }
  if (/^\+\d{1,5}$/.test(text)) return Math.ceil(now / 1000) + Number(text) * 60;
  const at = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) ? Date.parse(text.replace(' ', 'T')) : NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('Use HH:MM, +MINUTES or YYYY-MM-DDTHH:MM.');
  return Math.ceil(at / 1000);
}
