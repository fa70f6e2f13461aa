// SPDX-License-Identifier: LGPL-2.1-or-later
import { iface, rootPath, sysrootPath, Variant, type AbstractConnector, type DbusMessage } from '../../shared/dbus/index.ts';
import type { DiskUse, HistoryEntry, HostSnapshot, JobState, PackageComparison, UpdateDetails } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { FullHostClient, KernelArgsChange, PullOptions } from './api.ts';
import { ExtraCalls, type Bag } from './extra-calls.ts';
import { lacks, ServiceLink } from './link.ts';
import { cancelPeerJob, jobIdOf, runPeerJob } from './peer-job.ts';
import { StockReader } from './stock.ts';
import { stockVersion } from './stock-version.ts';

export interface ClientOptions {
  /** D-Bus address; default DBUS_SYSTEM_BUS_ADDRESS, then the system's. */
  readonly address?: string;
  /** How the client is called in other people's windows. */
  readonly clientId?: string;
  /** For the history: what was typed. */
  readonly commandLine?: string;
  /** Jobs go on when this client ends. Default true: closing a window doesn't stop an update. */
  readonly detach?: boolean;
  /** Keep the service there and come back after its restarts. Default true; false for one question and one answer. */
  readonly stay?: boolean;
  /** Reaches abstract sockets, as a stock daemon's jobs have them, where Node.js can't. */
  readonly connectAbstract?: AbstractConnector;
  /** Version of a daemon that isn't ours. Default: asks the machine's rpm-ostree. */
  readonly stockVersion?: () => Promise<string>;
  /** Everything is about this stateroot; every call rejects with stateroot.not-found when there isn't such a one. Default: the one that runs. */
  readonly stateroot?: string;
}

/** Methods after which a stock daemon's default deployment tells whether anything changed, as its own command line finds it out. */
const deploying = ['Upgrade', 'Deploy', 'Rebase', 'KernelArgs', 'UpdateDeployment', 'AutomaticUpdateTrigger'];

const snapshotMs = 300;

/** The service as the app and the command line see it. Every promise rejects with a TreelineError only. */
export class DbusHostClient extends ExtraCalls implements FullHostClient {
  private readonly link: ServiceLink;
  private readonly stock: StockReader;
  private readonly detach: boolean;
  private readonly commandLine: string;
  private readonly connectAbstract: AbstractConnector | undefined;
  private readonly snapshotListeners = new Set<(snapshot: HostSnapshot) => void>();
  private readonly jobListeners = new Set<(job: JobState) => void>();
  private snapshotTimer: NodeJS.Timeout | undefined;
  private last: HostSnapshot | undefined;
  /** Jobs of a stock daemon are known only to the client that runs them. */
  private ownJob: JobState | undefined;
  private ownPast: readonly JobState[] = [];

  constructor(options: ClientOptions = {}) {
    super();
    this.detach = options.detach ?? true;
    this.commandLine = (options.commandLine ?? '').replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 200);
    this.connectAbstract = options.connectAbstract;
    this.link = new ServiceLink({
      address: options.address,
      clientId: options.clientId,
      stay: options.stay ?? true,
      connectAbstract: options.connectAbstract,
      stateroot: options.stateroot,
      stockVersion: options.stockVersion ?? stockVersion,
    });
    this.stock = new StockReader(this.link);
    this.link.onSignal = (signal) => this.receive(signal);
    this.link.onChange = () => this.refresh();
  }

  async snapshot(): Promise<HostSnapshot> {
    const service = await this.link.info();
    if (service.kind !== 'treeline' && service.kind !== 'rpm-ostree') return { ...(this.last ?? emptySnapshot), job: undefined, service };
    const host = service.kind === 'treeline' ? await this.ourSnapshot() : await this.stock.snapshot(this.ownPast, this.ownJob);
    this.last = { ...host, service };
    return this.last;
  }

  /** The service tells of the stateroot that runs; what is different for another one is asked of that one's object. */
  private async ourSnapshot(): Promise<Omit<HostSnapshot, 'service'>> {
    const host = await this.json<Omit<HostSnapshot, 'service'>>('Snapshot');
    const { stateroot } = this.link;
    if (stateroot === undefined || stateroot === host.osname) return host;
    const [check] = await this.ask(await this.osObject(), iface.properties, 'Get', 'ss', [iface.treelineOs, 'CheckState'], true);
    return { ...host, osname: stateroot, check: JSON.parse(String((check as Variant).value)) as HostSnapshot['check'] };
  }

  onSnapshot(listener: (snapshot: HostSnapshot) => void): () => void {
    this.snapshotListeners.add(listener);
    this.refresh();
    return () => this.snapshotListeners.delete(listener);
  }

  onJob(listener: (job: JobState) => void): () => void {
    this.jobListeners.add(listener);
    return () => this.jobListeners.delete(listener);
  }

  async checkForUpdate(): Promise<void> {
    const path = await this.osObject();
    const job = (await this.isOurs())
      ? await this.run('check for update', 'Check', path, iface.treelineOs, 'a{sv}', [{}])
      : await this.run('check for update', 'DownloadUpdateRpmDiff', path, iface.os, '', []);
    if (job.phase === 'failed' && job.error) throw TreelineError.fromReport(job.error);
  }

  async upgrade(options: PullOptions): Promise<JobState> {
    return this.run('upgrade', 'Upgrade', await this.osObject(), iface.os, 'a{sv}', [this.pullBag(options)]);
  }

  async deploy(revision: string, options: PullOptions): Promise<JobState> {
    if (options.registerDriver) {
      const bag = { ...this.pullBag(options), 'register-driver': new Variant('s', options.registerDriver) };
      const wanted = revision === '' ? {} : { 'set-revision': new Variant('s', revision) };
      return this.run(`deploy ${revision}`, 'UpdateDeployment', await this.osObject(), iface.os, 'a{sv}a{sv}', [wanted, bag]);
    }
    return this.run(`deploy ${revision}`, 'Deploy', await this.osObject(), iface.os, 'sa{sv}', [revision, this.pullBag(options)]);
  }

  async rebase(refspec: string, options: PullOptions & { readonly revision?: string }): Promise<JobState> {
    const bag = this.pullBag(options);
    if (options.revision) bag.revision = new Variant('s', options.revision);
    return this.run(`rebase ${refspec}`, 'Rebase', await this.osObject(), iface.os, 'a{sv}sas', [bag, refspec, []]);
  }

  async rollback(options: { reboot?: boolean }): Promise<JobState> {
    return this.run('rollback', 'Rollback', await this.osObject(), iface.os, 'a{sv}', [this.bag({ reboot: options.reboot })]);
  }

  async setDefault(deploymentId: string, options: { reboot?: boolean }): Promise<JobState> {
    await this.needOurs('Choosing any deployment');
    const body = [deploymentId, this.bag({ reboot: options.reboot })];
    return this.run(`set-default ${deploymentId}`, 'SetDefault', await this.osObject(), iface.treelineOs, 'sa{sv}', body);
  }

  async pin(deploymentId: string, pinned: boolean): Promise<JobState> {
    await this.needOurs('Pinning');
    return this.run(`pin ${deploymentId}`, 'Pin', sysrootPath, iface.treelineSysroot, 'sba{sv}', [deploymentId, pinned, this.bag({})]);
  }

  async undeploy(deploymentId: string): Promise<JobState> {
    await this.needOurs('Deleting one deployment');
    return this.run(`undeploy ${deploymentId}`, 'Undeploy', sysrootPath, iface.treelineSysroot, 'sa{sv}', [deploymentId, this.bag({})]);
  }

  async cleanup(elements: readonly string[]): Promise<JobState> {
    return this.run(`cleanup ${elements.join(' ')}`, 'Cleanup', await this.osObject(), iface.os, 'as', [elements]);
  }

  async kernelArgs(change: KernelArgsChange): Promise<JobState> {
    const bag = this.bag({ reboot: change.reboot, 'lock-finalization': change.lockFinalization });
    if (change.appendIfMissing?.length) bag['append-if-missing'] = new Variant('as', [...change.appendIfMissing]);
    if (change.deleteIfPresent?.length) bag['delete-if-present'] = new Variant('as', [...change.deleteIfPresent]);
    if (change.final !== undefined) bag['final-kernel-args'] = new Variant('s', change.final);
    if (change.deploymentId) bag['treeline-deployment'] = new Variant('s', change.deploymentId);
    // a stock daemon builds on what it is told, so it is told exactly what it has
    const existing = (await this.isOurs()) ? (change.existing ?? '') : await this.stock.existingKernelArgs(change);
    const body = [existing, [...(change.append ?? [])], [...(change.replace ?? [])], [...(change.remove ?? [])], bag];
    return this.run('kargs', 'KernelArgs', await this.osObject(), iface.os, 'sasasasa{sv}', body);
  }

  async finalizeDeployment(options: { checksum?: string; allowMissingChecksum?: boolean; allowUnlocked?: boolean }): Promise<JobState> {
    const bag = this.bag({ 'allow-missing-checksum': options.allowMissingChecksum, 'allow-unlocked': options.allowUnlocked });
    if (options.checksum) bag.checksum = new Variant('s', options.checksum);
    return this.run('finalize-deployment', 'FinalizeDeployment', await this.osObject(), iface.os, 'a{sv}', [bag]);
  }

  async automaticUpdate(): Promise<JobState | undefined> {
    const path = await this.osObject();
    const bag = this.bag({});
    const call = { path, interface: iface.os, member: 'AutomaticUpdateTrigger', signature: 'a{sv}', body: [bag] };
    const before = await this.stockDefault(call.member, call.body);
    const [enabled, address] = (await this.link.call(call)) as [boolean, string];
    return enabled ? this.follow(address, 'automatic update', call.member, before) : undefined;
  }

  async restart(options: { force?: boolean } = {}): Promise<void> {
    await this.needOurs('Restarting');
    const bag = this.bag({ 'ignore-blockers': options.force });
    await this.link.call({ path: sysrootPath, interface: iface.treelineSysroot, member: 'Restart', signature: 'a{sv}', body: [bag] });
  }

  async cancel(): Promise<void> {
    if (await this.isOurs()) {
      await this.link.call({ path: sysrootPath, interface: iface.treelineSysroot, member: 'Cancel' });
      return;
    }
    const address = await this.stock.activeAddress();
    if (address) await cancelPeerJob(address, this.connectAbstract);
  }

  async reload(): Promise<void> {
    await this.link.call({ path: sysrootPath, interface: iface.sysroot, member: 'Reload' });
  }

  async updateDetails(): Promise<UpdateDetails> {
    if (!(await this.isOurs())) return this.stock.updateDetails();
    const call = { path: await this.osObject(), interface: iface.treelineOs, member: 'UpdateDetails', signature: 's', body: [''] };
    return JSON.parse((await this.link.call(call, true))[0] as string) as UpdateDetails;
  }

  async compare(fromDeploymentId: string, toDeploymentId: string): Promise<PackageComparison> {
    if (!(await this.isOurs())) return { packages: await this.stock.diff(fromDeploymentId, toDeploymentId), advisories: [] };
    const body = [fromDeploymentId, toDeploymentId];
    const call = { path: await this.osObject(), interface: iface.treelineOs, member: 'CompareDeployments', signature: 'ss', body };
    return JSON.parse((await this.link.call(call, true))[0] as string) as PackageComparison;
  }

  async history(limit: number): Promise<readonly HistoryEntry[]> {
    await this.needOurs('A history');
    if (this.link.stateroot !== undefined) throw new TreelineError('not-supported', { subject: 'A history of one stateroot' });
    return this.json<HistoryEntry[]>('History', 'u', [limit]);
  }

  async diskUse(): Promise<DiskUse> {
    return (await this.isOurs()) ? this.json<DiskUse>('DiskUse') : this.stock.diskUse();
  }

  close(): void {
    clearTimeout(this.snapshotTimer);
    this.snapshotListeners.clear();
    this.jobListeners.clear();
    this.link.close();
  }

  private async isOurs(): Promise<boolean> {
    const service = await this.link.info();
    if (service.kind === 'treeline') return true;
    if (service.kind === 'rpm-ostree') return false;
    throw TreelineError.fromReport(this.link.problem ?? { code: 'service.unreachable', detail: service.detail });
  }

  protected async needOurs(what: string): Promise<void> {
    if (!(await this.isOurs())) throw lacks((await this.link.info()).version, what);
  }

  protected async osObject(): Promise<string> {
    // with a stock daemon an unbooted system has no default; ours always answers
    return this.stock.osObject().then((path) => path || rootPath);
  }

  protected async ask(
    path: string,
    interfaceName: string,
    member: string,
    signature: string,
    body: readonly unknown[],
    again: boolean,
  ): Promise<readonly unknown[]> {
    return this.link.call({ path, interface: interfaceName, member, signature, body }, again);
  }

  private async json<T>(member: string, signature = '', body: readonly unknown[] = []): Promise<T> {
    const call = { path: sysrootPath, interface: iface.treelineSysroot, member, signature, body };
    return JSON.parse((await this.link.call(call, true))[0] as string) as T;
  }

  /** Ask for a job, start it, wait for its end. */
  protected async run(
    title: string,
    member: string,
    path: string,
    interfaceName: string,
    signature: string,
    body: readonly unknown[],
  ): Promise<JobState> {
    const before = await this.stockDefault(member, body);
    const [address] = await this.link.call({ path, interface: interfaceName, member, signature, body });
    return this.follow(address as string, title, member, before);
  }

  /** The stock daemon's default deployment before a job that may replace it; undefined where that says nothing. */
  private async stockDefault(member: string, body: readonly unknown[]): Promise<string | undefined> {
    const fetchesOnly = body.some((part) => Object.hasOwn(Object(part), 'download-only'));
    return deploying.includes(member) && !fetchesOnly && !(await this.isOurs()) ? this.stock.defaultDeployment() : undefined;
  }

  private async follow(address: string, title: string, method: string, defaultBefore?: string): Promise<JobState> {
    const id = jobIdOf(address);
    const first: JobState = {
      id: id ?? address,
      title,
      method,
      owner: '',
      startedAt: Math.floor(Date.now() / 1000),
      phase: 'waiting',
      messages: [],
    };
    const told = await runPeerJob(
      address,
      first,
      (job) => {
        // our own service tells everybody, with more in it
        if (id !== undefined) return;
        this.ownJob = job;
        this.tell(job);
      },
      this.connectAbstract,
    );
    if (id === undefined) {
      this.ownJob = undefined;
      const changed =
        told.phase === 'succeeded' && defaultBefore !== undefined ? (await this.stock.defaultDeployment()) !== defaultBefore : undefined;
      const done = changed === undefined ? told : { ...told, changed };
      this.ownPast = [done, ...this.ownPast].slice(0, 20);
      this.refresh();
      return done;
    }
    const snapshot = await this.snapshot().catch(() => undefined);
    return snapshot?.pastJobs.find((job) => job.id === id) ?? told;
  }

  private pullBag(options: PullOptions): Bag {
    return this.bag({
      reboot: options.reboot,
      'allow-downgrade': options.allowDowngrade,
      'download-only': options.downloadOnly,
      'cache-only': options.cacheOnly,
      'skip-branch-check': options.skipBranchCheck,
      'lock-finalization': options.lockFinalization,
    });
  }

  protected bag(flags: Readonly<Record<string, boolean | undefined>>): Bag {
    const bag: Bag = {};
    for (const [key, value] of Object.entries({ ...flags, 'treeline-detached': this.detach })) if (value) bag[key] = new Variant('b', true);
    if (this.commandLine) bag['initiating-command-line'] = new Variant('s', this.commandLine);
    return bag;
  }

  private receive(signal: DbusMessage): void {
    if (signal.interface === iface.treelineSysroot && signal.member === 'JobChanged') {
      const job = JSON.parse(signal.body[0] as string) as JobState;
      this.tell(job);
      if (job.endedAt !== undefined || job.phase === 'waiting') this.refresh();
      return;
    }
    this.refresh();
  }

  private tell(job: JobState): void {
    for (const listener of this.jobListeners) listener(job);
  }

  /** Whole snapshots, at most one in 300 ms. */
  private refresh(): void {
    if (this.snapshotListeners.size === 0) return;
    this.snapshotTimer ??= setTimeout(() => {
      this.snapshotTimer = undefined;
      this.snapshot().then(
        (snapshot) => {
          for (const listener of this.snapshotListeners) listener(snapshot);
        },
        // the next change brings the next attempt; whoever asks directly gets the error
        () => undefined,
      );
    }, snapshotMs);
  }
}

const emptySnapshot: Omit<HostSnapshot, 'service'> = {
  hostname: '',
  osname: '',
  prettyName: '',
  simulated: false,
  deployments: [],
  check: { kind: 'never' },
  automaticUpdatePolicy: '',
  pastJobs: [],
};
