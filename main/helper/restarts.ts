// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { emit, sysrootPath, treelineSysrootInterface, type Bus } from '../../shared/dbus/index.ts';
import type { RestartBlocker } from '../../shared/domain/index.ts';
import { TreelineError, messageOf } from '../../shared/errors/index.ts';
import type { HistoryFile } from '../engine/host/history/index.ts';
import { bootMark } from './boot-record.ts';
import type { Caller } from './callers.ts';
import type { AnyPlan } from './job-plan.ts';
import type { JobQueue } from './job-queue.ts';
import { journal } from './journal.ts';
import { restartBlockers } from './logind.ts';
import type { HelperOptions } from './options.ts';
import type { Reader } from './reader.ts';
import { requireFree, scheduledRestart } from './restart-methods.ts';
import { describeBlockers, RestartSchedule } from './restart-schedule.ts';
import type { Transaction } from './transaction.ts';

/** What people get who are logged in when an update restarts by itself. */
const countdownSeconds = 900;
/** Of whom every session is somebody else's. */
const nobody = -1;

export interface RestartDeps {
  readonly bus: Bus;
  readonly options: Pick<HelperOptions, 'stateDir' | 'rebootCommand'>;
  readonly jobs: JobQueue;
  readonly reader: Reader;
  readonly history: HistoryFile;
  /** The plan is another one. */
  readonly planChanged: () => void;
}

/** Restarting the machine: now, after a job, or at a planned time. */
export class Restarts {
  readonly schedule: RestartSchedule;
  private readonly deps: RestartDeps;

  constructor(deps: RestartDeps) {
    this.deps = deps;
    const { bus, jobs, reader } = deps;
    this.schedule = new RestartSchedule(deps.options.stateDir, {
      boot: bootMark(),
      blockers: async (uid) => {
        // what only looks starts again after the restart
        const running = jobs.running;
        const job = running?.request.looks === false ? running.job : undefined;
        const own: RestartBlocker[] = job ? [{ kind: 'inhibitor', who: 'Treeline', why: job.title, blocks: true }] : [];
        return [...own, ...(await restartBlockers(bus, { uid }))];
      },
      restart: ({ uid, by }) => this.now({ uid, userName: by, clientId: 'scheduled' }),
      changed: deps.planChanged,
      soon: (plan, secondsLeft) => {
        void scheduledRestart(reader, plan).then((told) =>
          emit(bus.connection, sysrootPath, treelineSysrootInterface, 'RestartSoon', [told, secondsLeft]),
        );
      },
      journal,
    });
  }

  /**
   * What restarts the machine once whoever follows the job has heard of its end: a restart may be quicker than that. undefined: the job has succeeded
   * all the same, what stands against the restart is said, and it is left to people.
   */
  async after(transaction: Transaction, plan: AnyPlan): Promise<(() => void) | undefined> {
    const { bus } = this.deps;
    try {
      const people = plan.countdown ? (await restartBlockers(bus, { uid: nobody })).filter(({ kind }) => kind === 'session') : [];
      if (people.length > 0) {
        const { at } = this.schedule.schedule(Math.floor(Date.now() / 1000) + countdownSeconds, { userName: 'automatic update', uid: 0 });
        transaction.say(`Restart at ${new Date(at * 1000).toISOString()}: ${describeBlockers(people)}`);
        return undefined;
      }
      await requireFree(bus, transaction.request.caller);
      return () => this.now(transaction.request.caller);
    } catch (error) {
      transaction.say(`Not restarted: ${TreelineError.report(error).detail ?? ''}`);
      return undefined;
    }
  }

  now(by: Pick<Caller, 'uid' | 'userName' | 'clientId'>): void {
    try {
      this.deps.history.append({ action: 'restart', result: 'ok', by: { uid: by.uid, name: by.userName, client: by.clientId } });
    } catch (error) {
      journal(`history: ${messageOf(error)}`);
    }
    const [program = 'systemctl', ...args] = this.deps.options.rebootCommand;
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    child.on('error', (error) => journal(`${program}: ${error.message}`));
    child.unref();
  }
}
