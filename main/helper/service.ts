// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import path from 'node:path';
import {
  boolOption,
  Bus,
  cut,
  iface,
  keptLimits,
  serviceLimits,
  serviceName,
  stringOption,
  sysrootPath,
  treelineName,
  type AuthFacts,
} from '../../shared/dbus/index.ts';
import { newestDeployment, type HistoryEntry, type JobState, type RestartBlocker, type UpdateDetails } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { HistoryFile } from '../engine/history/index.ts';
import { runJob, type DeployOutcome } from '../engine/jobs/index.ts';
import { basisOf } from './basis.ts';
import { bootMark, recordBoot, rememberSeen } from './boot-record.ts';
import { Callers, type Caller } from './callers.ts';
import { Dispatcher, type Call, type Handlers } from './dispatcher.ts';
import { jobHandlers, type JobPlan } from './job-methods.ts';
import { JobQueue } from './job-queue.ts';
import { identityOf } from './job-identity.ts';
import { JobResults } from './job-results.ts';
import { cutReport } from './kept.ts';
import { Inhibitor, restartBlockers } from './logind.ts';
import { checkedMedium } from './media.ts';
import { Objects } from './objects.ts';
import { readDaemonConfig, type DaemonConfig, type HelperOptions } from './options.ts';
import { mainOsname, Properties } from './properties.ts';
import { readHandlers } from './read-methods.ts';
import { Reader } from './reader.ts';
import { requireFree, restartHandlers, scheduledRestart } from './restart-methods.ts';
import { describeBlockers, RestartSchedule } from './restart-schedule.ts';
import { reviewHandlers } from './review-methods.ts';
import type { Transaction } from './transaction.ts';
import { News } from './whats-new.ts';
import { registerDriver, registeredDriver } from './update-driver.ts';

const jobSignalMs = 300;
const outsideChangeMs = 300;
/** What people get who are logged in when an update restarts by itself. */
const countdownSeconds = 900;
/** Of whom every session is somebody else's. */
const nobody = -1;

/** The service: owns the names, wires the parts, says what changed. */
export class Service {
  private readonly bus: Bus;
  private readonly options: HelperOptions;
  private readonly callers: Callers;
  private readonly reader: Reader;
  private readonly jobs: JobQueue;
  private readonly properties: Properties;
  private readonly dispatcher: Dispatcher;
  private readonly history: HistoryFile;
  private readonly news: News;
  private readonly results = new JobResults();
  private readonly inhibitor: Inhibitor;
  private readonly schedule: RestartSchedule;
  private readonly plans = new Map<Transaction, JobPlan>();
  private config: DaemonConfig;
  private jobTimer: NodeJS.Timeout | undefined;
  private outsideTimer: NodeJS.Timeout | undefined;
  private toldStamp = '';
  private reloading: Promise<void> | undefined;

  /** Connects and owns the names before anything else is read; rejects with service.unreachable. */
  static async start(options: HelperOptions): Promise<Service> {
    let bus: Bus;
    try {
      bus = await Bus.connect(options.bus, undefined, undefined, serviceLimits);
    } catch (error) {
      throw new TreelineError('service.unreachable', { detail: `${options.bus}: ${(error as Error).message}` });
    }
    // handlers first: a call may arrive together with the name
    const service = new Service(bus, options);
    // rpm-ostree's name last: whoever sees it must not take us for a stock daemon
    for (const name of [treelineName, serviceName]) {
      const owned = await bus.ownName(name).catch((error: Error) => {
        throw new TreelineError('service.unreachable', { detail: `${name}: ${error.message}` });
      });
      if (!owned) throw new TreelineError('service.unreachable', { detail: `another service owns ${name}` });
    }
    void service.prepare();
    return service;
  }

  private constructor(bus: Bus, options: HelperOptions) {
    this.bus = bus;
    this.options = options;
    this.config = readDaemonConfig(options.configFiles, journal);
    this.callers = new Callers(bus);
    this.history = new HistoryFile(options.stateDir);
    this.news = new News(options.stateDir);
    this.inhibitor = new Inhibitor(bus, options.bus);
    this.reader = new Reader(options.sysroot, options.worker);
    this.jobs = new JobQueue(options.peerDir, options.stateDir, {
      started: (transaction) => this.jobStarted(transaction),
      changed: (transaction) => this.jobChanged(transaction),
      ended: (transaction, result) => this.jobEnded(transaction, result),
      finished: (transaction) => void this.jobFinished(transaction),
    });
    const facts = {
      sysroot: options.sysroot,
      simulated: options.simulated,
      policy: () => this.config.automaticUpdatePolicy,
      driver: () => registeredDriver(options.peerDir),
      scheduledRestart: async () => {
        const plan = this.schedule.planned;
        return plan ? JSON.stringify(await scheduledRestart(this.reader, plan)) : '';
      },
    };
    this.properties = new Properties(this.reader, this.jobs, facts);
    const objects = new Objects(this.reader, this.properties);
    const { reader, properties, callers, jobs, history } = this;
    const reads = readHandlers({
      facts,
      reader,
      properties,
      objects,
      callers,
      jobs,
      history,
      dispatcher: () => this.dispatcher,
      reload: () => this.reload(),
      reloadConfig: () => this.reloadConfig(),
    });
    const launch = (call: Call, plan: JobPlan): Promise<string> => this.launch(call, plan);
    const mediaDirectories = (): readonly string[] => this.config.mediaDirectories;
    const starts = jobHandlers(
      options.sysroot,
      launch,
      facts.policy,
      (medium) => checkedMedium(medium, mediaDirectories()),
      (name) => registerDriver(options.peerDir, name),
    );
    const reviews = reviewHandlers({ sysroot: options.sysroot, reader, launch, results: this.results, mediaDirectories });
    const restarts = restartHandlers({
      bus,
      reader,
      jobs,
      news: this.news,
      schedule: () => this.schedule,
      restart: (by) => this.restart(by),
    });
    const handlers = merge(reads, starts, reviews, restarts);
    this.dispatcher = new Dispatcher(bus, callers, objects, handlers, (object) => this.authFacts(object.osname));
    this.dispatcher.ownJob = (caller, interfaceName, member) =>
      interfaceName === iface.treelineSysroot &&
      (member === 'Cancel' || member === 'Pause') &&
      jobs.active?.request.caller.uid === caller.uid;
    this.schedule = this.makeSchedule();
    bus.connection.onCall = (message) => this.dispatcher.receive(message);
    bus.connection.onSignal = (signal) => callers.onSignal(signal);
    callers.onLeave((sender) => jobs.clientLeft(sender));
  }

  get closed(): Promise<void> {
    return this.bus.connection.closed;
  }

  get lastActivityMs(): number {
    return this.dispatcher.lastActivityMs;
  }

  /** Seconds without anything to do; 0 while there is something. Undefined when the service is to stay. */
  idleSeconds(): number | undefined {
    if ((this.options.idleExitSeconds ?? this.config.idleExitSeconds) === 0) return undefined;
    if (this.jobs.isBusy || this.schedule.planned || this.dispatcher.pendingCalls > 0 || this.callers.registeredCount > 0) return 0;
    return (Date.now() - this.dispatcher.lastActivityMs) / 1000;
  }

  get idleExitSeconds(): number {
    return this.options.idleExitSeconds ?? this.config.idleExitSeconds;
  }

  /** Give up the names, end or wait for the job, answer what is pending, leave. */
  async stop(): Promise<void> {
    this.schedule.close();
    await this.jobs.stop();
    await this.bus.releaseName(serviceName);
    await this.bus.releaseName(treelineName);
    for (let tries = 0; tries < 50 && this.dispatcher.pendingCalls > 0; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    this.bus.close();
    await this.bus.connection.closed;
  }

  /** What needs the sysroot, once the names are owned. */
  private async prepare(): Promise<void> {
    try {
      const state = await this.reader.state();
      recordBoot(this.options.stateDir, this.history, this.news, state);
      await this.properties.remember();
      this.toldStamp = this.reader.stamp();
      this.watchSysroot();
    } catch (error) {
      journal(`${this.options.sysroot}: ${TreelineError.report(error).detail ?? String(error)}`);
    }
  }

  private async authFacts(osname: string | undefined): Promise<AuthFacts> {
    const state = await this.reader.state().catch(() => undefined);
    const newest = state && newestDeployment(state.deployments, osname ?? mainOsname(state));
    const { automaticUpdatePolicy: policy } = this.config;
    return { verified: newest?.verified ?? false, policy, basis: basisOf(this.options.sysroot, newest, policy) };
  }

  /** What was allowed may not be done to something else: while a job waited, its source or what it builds on may have become another. Throws job.basis-changed. */
  private async confirm(call: Call, plan: JobPlan): Promise<void> {
    // root wasn't asked; and looking changes nothing
    if (call.caller.uid === 0 || plan.looks) return;
    const { basis } = await this.authFacts(call.object.osname);
    if (basis !== call.basis) throw new TreelineError('job.basis-changed', { subject: plan.title });
  }

  private async launch(call: Call, plan: JobPlan): Promise<string> {
    // the caller may have gone while somebody typed a password
    if (!this.callers.isPresent(call.caller.sender)) throw new TreelineError('job.cancelled', { subject: plan.title });
    const { transaction, address } = await this.jobs.create({
      method: call.member,
      identity: identityOf(call),
      looks: plan.looks ?? false,
      title: plan.title,
      objectPath: call.object.path,
      caller: call.caller,
      detached: boolOption(plan.options, 'treeline-detached'),
      pausable: plan.job === 'update.upgrade' || plan.job === 'review.fetch',
      confirm: () => this.confirm(call, plan),
      begin: (onEvent) => runJob(plan.job, plan.params, { worker: this.options.worker, onEvent }),
    });
    if (!this.plans.has(transaction)) this.plans.set(transaction, plan);
    // the reply goes first, as from rpm-ostreed
    setImmediate(() => this.properties.announceActive(this.bus.connection));
    return address;
  }

  private jobStarted(transaction: Transaction): void {
    this.properties.announceActive(this.bus.connection);
    this.emitJob(transaction.job);
    this.guard(transaction);
  }

  /** No sleep from the moment a job changes the system; no shutdown while it writes boot entries. What only fetches may be interrupted. */
  private guard(transaction: Transaction): void {
    const plan = this.plans.get(transaction);
    const { phase, progress, title } = transaction.job;
    if (!plan?.action) return;
    if (phase === 'uninterruptible') void this.inhibitor.hold('sleep:shutdown', title);
    else if (plan.job !== 'update.upgrade' || ['import', 'deploy'].includes(progress?.step ?? '')) void this.inhibitor.hold('sleep', title);
  }

  private jobChanged(transaction: Transaction): void {
    this.guard(transaction);
    this.jobTimer ??= setTimeout(() => {
      this.jobTimer = undefined;
      const job = this.jobs.active?.job;
      if (job && job.endedAt === undefined) this.emitJob(job);
    }, jobSignalMs);
  }

  /** After the work, before clients are told: read the new state, say what changed, write the history. */
  private async jobEnded(transaction: Transaction, result: unknown): Promise<void> {
    const { job } = transaction;
    const plan = this.plans.get(transaction);
    this.plans.delete(transaction);
    if (!transaction.wasStarted) return;
    this.inhibitor.release();
    this.reader.invalidate();
    if (plan) this.record(transaction, plan, result);
    if (plan?.keepResult && job.phase === 'succeeded') this.results.keep(job.id, transaction.uids, result);
    if (plan?.previewKey !== undefined && job.phase === 'succeeded') this.results.keepPreview(plan.previewKey, result as UpdateDetails);
    this.emitJob(job);
    if (plan?.told) this.changed(plan.told);
    // a job that failed or was cancelled is told at once; what it may have changed all the same follows
    if (job.phase !== 'succeeded') return;
    const state = await this.reader.state();
    rememberSeen(this.options.stateDir, state);
    await this.properties.announce(this.bus.connection, (name) => !/CachedUpdate|CheckState|^ActiveTransaction/.test(name));
    const changed = (result as Partial<DeployOutcome> | undefined)?.changed === true;
    if (plan && (plan.rebootAlways || (plan.reboot && changed))) await this.restartAfter(transaction, plan);
  }

  /** The job has succeeded all the same: that something stands against the restart is said, and the restart left to people. */
  private async restartAfter(transaction: Transaction, plan: JobPlan): Promise<void> {
    try {
      const people = plan.countdown ? (await restartBlockers(this.bus, { uid: nobody })).filter(({ kind }) => kind === 'session') : [];
      if (people.length > 0) {
        const { at } = this.schedule.schedule(Math.floor(Date.now() / 1000) + countdownSeconds, { userName: 'automatic update', uid: 0 });
        return transaction.say(`Restart at ${new Date(at * 1000).toISOString()}: ${describeBlockers(people)}`);
      }
      await requireFree(this.bus, transaction.request.caller);
      this.restart(transaction.request.caller);
    } catch (error) {
      transaction.say(`Not restarted: ${TreelineError.report(error).detail ?? ''}`);
    }
  }

  private async jobFinished(transaction: Transaction): Promise<void> {
    if (!transaction.wasStarted) return this.properties.announceActive(this.bus.connection);
    const succeeded = transaction.job.phase === 'succeeded';
    this.changed(succeeded ? 'deployments' : 'job');
    if (!succeeded) this.properties.announceActive(this.bus.connection);
    try {
      await this.properties.announce(this.bus.connection, (name) => !name.startsWith('ActiveTransaction'));
      this.toldStamp = this.reader.stamp();
    } catch (error) {
      journal(TreelineError.report(error).detail ?? String(error));
    }
    if (succeeded) this.properties.announceActive(this.bus.connection);
  }

  private record(transaction: Transaction, plan: JobPlan, result: unknown): void {
    const { job, request } = transaction;
    const outcome = (result ?? {}) as Partial<DeployOutcome>;
    const cancelled = job.phase === 'cancelled';
    if (!plan.action || (job.phase === 'succeeded' && outcome.changed === false)) return;
    const action: HistoryEntry['action'] = plan.action === 'deploy' && outcome.staged ? 'stage' : plan.action;
    const { uid, userName, clientId } = request.caller;
    try {
      this.history.append({
        action,
        result: job.phase === 'succeeded' ? 'ok' : cancelled ? 'cancelled' : 'failed',
        by: { uid, name: userName, client: cut(clientId || stringOption(plan.options, 'initiating-command-line'), keptLimits.label) },
        fromVersion: outcome.fromVersion,
        toVersion: outcome.toVersion,
        checksum: outcome.checksum,
        deploymentId: outcome.deploymentId,
        subject: plan.subject === undefined ? undefined : cut(plan.subject, keptLimits.title),
        error: job.error && cutReport(job.error),
        notRemoved: outcome.notRemoved,
      });
    } catch (error) {
      journal(`history: ${(error as Error).message}`);
    }
  }

  private emitJob(job: JobState): void {
    this.bus.connection.signal(sysrootPath, iface.treelineSysroot, 'JobChanged', 's', [JSON.stringify(job)]);
  }

  private makeSchedule(): RestartSchedule {
    const { bus } = this;
    return new RestartSchedule(this.options.stateDir, {
      boot: bootMark(),
      blockers: async (uid) => {
        // what only looks starts again after the restart
        const running = this.jobs.running;
        const job = running?.request.looks === false ? running.job : undefined;
        const own: RestartBlocker[] = job ? [{ kind: 'inhibitor', who: 'Treeline', why: job.title, blocks: true }] : [];
        return [...own, ...(await restartBlockers(bus, { uid }))];
      },
      restart: ({ uid, by }) => this.restart({ uid, userName: by, clientId: 'scheduled' }),
      changed: () => {
        this.changed('restart');
        this.properties
          .announce(bus.connection, (name) => name === 'ScheduledRestart')
          .catch((error: unknown) => journal(TreelineError.report(error).detail ?? String(error)));
      },
      soon: (plan, secondsLeft) => {
        void scheduledRestart(this.reader, plan).then((told) =>
          bus.connection.signal(sysrootPath, iface.treelineSysroot, 'RestartSoon', 'su', [JSON.stringify(told), secondsLeft]),
        );
      },
      journal,
    });
  }

  private changed(what: 'deployments' | 'check' | 'job' | 'config' | 'restart' | 'remotes'): void {
    this.bus.connection.signal(sysrootPath, iface.treelineSysroot, 'Changed', 's', [what]);
  }

  /** Nothing to do while nothing has moved: anybody may ask for it, as often as he likes. */
  private reload(): Promise<void> {
    if (this.reader.stamp() === this.toldStamp) return Promise.resolve();
    this.reloading ??= this.readAnew().finally(() => (this.reloading = undefined));
    return this.reloading;
  }

  private async readAnew(): Promise<void> {
    this.reader.invalidate();
    await this.reader.state();
    if (await this.properties.announce(this.bus.connection)) this.changed('deployments');
    this.toldStamp = this.reader.stamp();
  }

  private async reloadConfig(): Promise<void> {
    this.config = readDaemonConfig(this.options.configFiles, journal);
    await this.properties.announce(this.bus.connection);
    this.changed('config');
  }

  /** Other tools may deploy as well (ostree admin ...): libostree touches this directory after each change. */
  private watchSysroot(): void {
    try {
      const watcher = watch(path.join(this.options.sysroot, 'ostree/deploy'), () => {
        this.outsideTimer ??= setTimeout(() => {
          this.outsideTimer = undefined;
          // our own jobs have told what they did
          if (!this.jobs.running && this.reader.stamp() !== this.toldStamp)
            void this.reload().catch((error: unknown) => journal(TreelineError.report(error).detail ?? ''));
        }, outsideChangeMs);
      });
      watcher.unref();
      watcher.on('error', () => watcher.close());
    } catch (error) {
      journal(`not watching ${this.options.sysroot}: ${(error as Error).message}`);
    }
  }

  private restart(by: Pick<Caller, 'uid' | 'userName' | 'clientId'>): void {
    try {
      this.history.append({ action: 'restart', result: 'ok', by: { uid: by.uid, name: by.userName, client: by.clientId } });
    } catch (error) {
      journal(`history: ${(error as Error).message}`);
    }
    const [program = 'systemctl', ...args] = this.options.rebootCommand;
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    child.on('error', (error) => journal(`${program}: ${error.message}`));
    child.unref();
  }
}

/** Standard error is the journal. */
function journal(line: string): void {
  process.stderr.write(`${line}\n`);
}

function merge(...tables: readonly Handlers[]): Handlers {
  const merged: Record<string, object> = {};
  for (const table of tables) {
    for (const [name, methods] of Object.entries(table)) merged[name] = { ...merged[name], ...methods };
  }
  return merged;
}
