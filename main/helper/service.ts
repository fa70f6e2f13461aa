// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  boolOption,
  Bus,
  emit,
  iface,
  serviceLimits,
  serviceName,
  sysrootPath,
  treelineName,
  treelineSysrootInterface,
  type AuthFacts,
} from '../../shared/dbus/index.ts';
import { newestDeployment, type JobState } from '../../shared/domain/index.ts';
import { TreelineError, messageOf } from '../../shared/errors/index.ts';
import { HistoryFile } from '../engine/host/history/index.ts';
import { runJob } from '../engine/jobs/index.ts';
import { basisOf } from './basis.ts';
import { recordBoot, rememberSeen } from './boot-record.ts';
import { Callers } from './callers.ts';
import { Dispatcher, type Call, type Handlers } from './dispatcher.ts';
import { jobHandlers } from './job-methods.ts';
import type { AnyPlan } from './job-plan.ts';
import { JobQueue } from './job-queue.ts';
import { identityOf } from './job-identity.ts';
import { JobResults } from './job-results.ts';
import { journal } from './journal.ts';
import { Inhibitor } from './logind.ts';
import { checkedMedium } from './media.ts';
import { Objects } from './objects.ts';
import { readDaemonConfig, type DaemonConfig, type HelperOptions } from './options.ts';
import { packageRepoHandlers } from './package-repos.ts';
import { mainOsname, Properties } from './properties.ts';
import { readHandlers } from './read-methods.ts';
import { Reader } from './reader.ts';
import { recordJob } from './record-job.ts';
import { restartHandlers, scheduledRestart } from './restart-methods.ts';
import { Restarts } from './restarts.ts';
import { reviewHandlers } from './review-methods.ts';
import type { JobAnswer, Transaction } from './transaction.ts';
import { News } from './whats-new.ts';
import { uploadHandlers, Uploads } from './uploads.ts';
import { registerDriver, registeredDriver } from './update-driver.ts';
import { watchSysroot } from './watch-sysroot.ts';

const jobSignalMs = 300;

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
  private readonly uploads: Uploads;
  private readonly inhibitor: Inhibitor;
  private readonly restarts: Restarts;
  private readonly plans = new Map<Transaction, AnyPlan>();
  private readonly restartsAfter = new Map<Transaction, () => void>();
  private config: DaemonConfig;
  private jobTimer: NodeJS.Timeout | undefined;
  private toldStamp = '';
  private reloading: Promise<void> | undefined;

  /** Connects and owns the names before anything else is read; rejects with service.unreachable. */
  static async start(options: HelperOptions): Promise<Service> {
    let bus: Bus;
    try {
      bus = await Bus.connect(options.bus, undefined, undefined, serviceLimits);
    } catch (error) {
      throw new TreelineError('service.unreachable', { detail: `${options.bus}: ${messageOf(error)}` });
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
    this.uploads = new Uploads(options.stateDir);
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
        const plan = this.restarts.schedule.planned;
        return plan && (await scheduledRestart(this.reader, plan));
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
    const launch = (call: Call, plan: AnyPlan): Promise<string> => this.launch(call, plan);
    const mediaDirectories = (): readonly string[] => this.config.mediaDirectories;
    const starts = jobHandlers(
      options.sysroot,
      launch,
      () => this.config,
      (medium) => checkedMedium(medium, mediaDirectories()),
      (name) => registerDriver(options.peerDir, name),
      (call, handles) => this.uploads.take(call.caller, handles),
    );
    const reviews = reviewHandlers({ sysroot: options.sysroot, reader, launch, results: this.results, mediaDirectories });
    const restarts = restartHandlers({
      bus,
      reader,
      jobs,
      news: this.news,
      schedule: () => this.restarts.schedule,
      restart: (by) => this.restarts.now(by),
    });
    const packages = packageRepoHandlers({ sysroot: options.sysroot, reader, launch });
    const handlers = merge(reads, starts, reviews, packages, restarts, uploadHandlers(this.uploads));
    this.dispatcher = new Dispatcher(bus, callers, objects, handlers, (object) => this.authFacts(object.osname));
    this.dispatcher.ownJob = (caller, interfaceName, member) =>
      interfaceName === iface.treelineSysroot &&
      (member === 'Cancel' || member === 'Pause') &&
      jobs.active?.request.caller.uid === caller.uid;
    this.restarts = new Restarts({ bus, options, jobs, reader, history, planChanged: () => this.planChanged() });
    bus.connection.onCall = (message) => this.dispatcher.receive(message);
    bus.connection.onSignal = (signal) => callers.onSignal(signal);
    callers.onLeave((sender) => jobs.clientLeft(sender));
    callers.onLeave((sender) => this.uploads.left(sender));
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
    if (
      this.jobs.isBusy ||
      this.restarts.schedule.planned ||
      this.dispatcher.pendingCalls > 0 ||
      this.callers.registeredCount + this.uploads.count > 0
    )
      return 0;
    return (Date.now() - this.dispatcher.lastActivityMs) / 1000;
  }

  get idleExitSeconds(): number {
    return this.options.idleExitSeconds ?? this.config.idleExitSeconds;
  }

  /** Give up the names, end or wait for the job, answer what is pending, leave. */
  async stop(): Promise<void> {
    this.restarts.schedule.close();
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
      watchSysroot(this.options.sysroot, () => this.movedOutside());
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
  private async confirm(call: Call, plan: AnyPlan): Promise<void> {
    // root wasn't asked; and looking changes nothing
    if (call.caller.uid === 0 || plan.looks) return;
    const { basis } = await this.authFacts(call.object.osname);
    if (basis !== call.basis) throw new TreelineError('job.basis-changed', { subject: plan.title });
  }

  private async launch(call: Call, plan: AnyPlan): Promise<string> {
    try {
      return await this.create(call, plan);
    } catch (error) {
      this.uploads.giveBack(plan.uploads ?? []);
      throw error;
    }
  }

  private async create(call: Call, plan: AnyPlan): Promise<string> {
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
  private async jobEnded(transaction: Transaction, result: JobAnswer | undefined): Promise<void> {
    const { job } = transaction;
    const plan = this.plans.get(transaction);
    this.plans.delete(transaction);
    this.uploads.giveBack(plan?.uploads ?? []);
    if (!transaction.wasStarted) return;
    this.inhibitor.release();
    this.reader.invalidate();
    if (plan) recordJob(this.history, transaction, plan, result);
    if (plan?.keepResult && job.phase === 'succeeded') this.results.keep(job.id, transaction.uids, result);
    if (plan?.previewKey !== undefined && result && 'signatures' in result) this.results.keepPreview(plan.previewKey, result);
    this.emitJob(job);
    if (plan?.told) this.changed(plan.told);
    // a job that failed or was cancelled is told at once; what it may have changed all the same follows
    if (job.phase !== 'succeeded') return;
    const state = await this.reader.state();
    rememberSeen(this.options.stateDir, state);
    await this.properties.announce(this.bus.connection, (name) => !/CachedUpdate|CheckState|^ActiveTransaction/.test(name));
    if (!plan || !(plan.rebootAlways || (plan.reboot && job.changed))) return;
    const restart = await this.restarts.after(transaction, plan);
    if (restart) this.restartsAfter.set(transaction, restart);
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
    const restart = this.restartsAfter.get(transaction);
    this.restartsAfter.delete(transaction);
    restart?.();
  }

  private emitJob(job: JobState): void {
    emit(this.bus.connection, sysrootPath, treelineSysrootInterface, 'JobChanged', [job]);
  }

  private planChanged(): void {
    this.changed('restart');
    this.properties
      .announce(this.bus.connection, (name) => name === 'ScheduledRestart')
      .catch((error: unknown) => journal(TreelineError.report(error).detail ?? String(error)));
  }

  /** Our own jobs have told what they did. */
  private movedOutside(): void {
    if (!this.jobs.running && this.reader.stamp() !== this.toldStamp)
      void this.reload().catch((error: unknown) => journal(TreelineError.report(error).detail ?? ''));
  }

  private changed(what: 'deployments' | 'check' | 'job' | 'config' | 'restart' | 'remotes' | 'package-repos'): void {
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
}

function merge(...tables: readonly Handlers[]): Handlers {
  const merged: Record<string, object> = {};
  for (const table of tables) {
    for (const [name, methods] of Object.entries(table)) merged[name] = { ...merged[name], ...methods };
  }
  return merged;
}
