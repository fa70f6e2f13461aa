// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { iface, serviceName, sysrootPath } from '../../shared/dbus/index.ts';
import type { RestartBlocker } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { atomicFile, hasShape, readJsonFile } from '../files/index.ts';

/** What is kept in restart.json: it outlives the service, but not the restart. Times are Unix seconds. */
export interface PlannedRestart {
  readonly at: number;
  readonly by: string;
  readonly uid: number;
  readonly postponed: number;
  /** The time it was first planned for. */
  readonly firstAt: number;
  /** Mark of the boot it was planned in: after the restart, however it came, the plan is void. */
  readonly boot: string;
}

export interface RestartWorld {
  readonly boot: string;
  /** What stands against it now, for the uid that planned it; a running job counts. */
  blockers(uid: number): Promise<readonly RestartBlocker[]>;
  restart(plan: PlannedRestart): void;
  /** It was planned, moved, cancelled. */
  changed(): void;
  soon(plan: PlannedRestart, secondsLeft: number): void;
  journal(line: string): void;
}

const longestSeconds = 30 * 86_400;
const mostPostponements = 10;
const furthestPostponedSeconds = 7 * 86_400;
const warnSeconds = [900, 300, 60, 10];
/** Whoever comes back to a machine whose time has passed (asleep, service stopped) still gets a minute. */
const graceSeconds = 60;
const blockedRetrySeconds = 15;
/** Clocks are set and machines sleep: never trust one long timer. */
const longestTickSeconds = 30;

/**
 * A restart at a time. The plan is in a file: a service that ends (crash, update, stop) finds it when it is activated again. The service stays
 * while one is planned; besides, where systemd runs, a transient timer activates it at that time, so a service that was stopped doesn't miss it.
 */
export class RestartSchedule {
  private plan: PlannedRestart | undefined;
  private timer: NodeJS.Timeout | undefined;
  private warned = Infinity;
  private waiting = '';
  private readonly file: string;
  private readonly world: RestartWorld;

  constructor(stateDir: string, world: RestartWorld) {
    this.file = path.join(stateDir, 'restart.json');
    this.world = world;
    const kept = readPlan(this.file);
    if (kept && kept.boot !== world.boot) rmSync(this.file, { force: true });
    else if (kept) this.set({ ...kept, at: kept.at > now() ? kept.at : now() + graceSeconds }, kept.at > now());
  }

  get planned(): PlannedRestart | undefined {
    return this.plan;
  }

  /** Throws restart.bad-time. */
  schedule(at: number, by: { readonly userName: string; readonly uid: number }): PlannedRestart {
    const subject = Number.isSafeInteger(at) && at < 8.64e12 ? new Date(at * 1000).toISOString() : String(at);
    if (!Number.isSafeInteger(at) || at < now()) throw new TreelineError('restart.bad-time', { subject, detail: 'it has passed' });
    if (at > now() + longestSeconds) throw new TreelineError('restart.bad-time', { subject, detail: 'more than 30 days away' });
    return this.set({ at, by: by.userName, uid: by.uid, postponed: 0, firstAt: at, boot: this.world.boot });
  }

  /** From its time, or from now if that has passed. Throws restart.none, restart.postpone-limit. */
  postpone(seconds: number): PlannedRestart {
    const plan = this.need();
    const at = Math.max(plan.at, now()) + seconds;
    if (plan.postponed >= mostPostponements || at > plan.firstAt + furthestPostponedSeconds) {
      const firstAt = `${new Date(plan.firstAt * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
      throw new TreelineError('restart.postpone-limit', { facts: { times: plan.postponed, firstAt } });
    }
    return this.set({ ...plan, at, postponed: plan.postponed + 1 });
  }

  /** Throws restart.none. */
  cancel(): void {
    this.need();
    this.clear();
    this.world.changed();
  }

  /** Stop counting; the file stays. */
  close(): void {
    clearTimeout(this.timer);
  }

  private need(): PlannedRestart {
    if (!this.plan) throw new TreelineError('restart.none', {});
    return this.plan;
  }

  private set(plan: PlannedRestart, known = false): PlannedRestart {
    this.plan = plan;
    this.warned = Infinity;
    if (!known) {
      writePlan(this.file, plan);
      wakeAt(plan.at, this.world);
      this.world.changed();
    }
    this.tick();
    return plan;
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.plan = undefined;
    rmSync(this.file, { force: true });
    wakeAt(undefined, this.world);
  }

  private tick(): void {
    clearTimeout(this.timer);
    const { plan } = this;
    if (!plan) return;
    const left = plan.at - Date.now() / 1000;
    if (left <= 0) return void this.due(plan);
    const warning = warnSeconds.filter((each) => each < this.warned && left <= each).at(-1);
    if (warning !== undefined) {
      this.warned = warning;
      this.world.soon(plan, Math.ceil(left));
    }
    const next = warnSeconds.find((each) => each < left) ?? 0;
    this.timer = setTimeout(() => this.tick(), Math.min(left - next + 0.02, longestTickSeconds) * 1000);
  }

  private async due(plan: PlannedRestart): Promise<void> {
    const blockers = (await this.world.blockers(plan.uid)).filter((each) => each.kind === 'inhibitor' && each.blocks);
    // meanwhile somebody may have moved or cancelled it
    if (this.plan !== plan) return;
    const against = describeBlockers(blockers);
    if (against !== '') {
      if (this.waiting !== against) this.world.journal(`the scheduled restart waits: ${against}`);
      this.waiting = against;
      this.timer = setTimeout(() => this.tick(), blockedRetrySeconds * 1000);
      return;
    }
    this.clear();
    this.world.changed();
    this.world.restart(plan);
  }
}

/** `Burner: Writing a disc; anna is logged in`. */
export function describeBlockers(blockers: readonly RestartBlocker[]): string {
  return blockers.map(({ kind, who, why }) => (kind === 'session' ? `${who} is logged in` : `${who}${why ? `: ${why}` : ''}`)).join('; ');
}

const now = (): number => Math.floor(Date.now() / 1000);

const planShape = { at: 'integer', by: 'string', uid: 'integer', postponed: 'integer', firstAt: 'integer', boot: 'string' } as const;

function readPlan(file: string): PlannedRestart | undefined {
  try {
    const plan = readJsonFile(file);
    return hasShape(plan, planShape) ? plan : undefined;
  } catch {
    return undefined;
  }
}

function writePlan(file: string, plan: PlannedRestart): void {
  atomicFile(file, `${JSON.stringify(plan)}\n`, { makeDirectories: true });
}

const wakeUnit = 'treeline-restart';

/** Arguments of systemd-run(1) for a timer that activates the service by asking it anything. */
export function wakeArguments(at: number): string[] {
  const timer = ['--quiet', '--collect', `--unit=${wakeUnit}`, `--on-calendar=@${at}`, '--timer-property=AccuracySec=1s'];
  return [...timer, 'busctl', '--system', 'call', serviceName, sysrootPath, iface.peer, 'Ping'];
}

/** Where systemd isn't process 1 there is nobody to do it, and the file alone has to do. */
function wakeAt(at: number | undefined, { journal }: RestartWorld): void {
  if (!existsSync('/run/systemd/system')) return;
  const run = (program: string, args: string[], then?: () => void): void => {
    execFile(program, args, { timeout: 10_000 }, (error, _, stderr) => {
      if (error && then === undefined && at !== undefined) journal(`${program}: ${stderr.trim() || error.message}`);
      then?.();
    });
  };
  const stop = ['stop', `${wakeUnit}.timer`];
  if (at === undefined) run('systemctl', stop);
  else run('systemctl', stop, () => run('systemd-run', wakeArguments(at)));
}
