// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  givenDict,
  heard,
  osExperimentalInterface,
  osInterface,
  sysrootInterface,
  treelineOsInterface,
  treelineSysrootInterface,
  type AbstractConnector,
  type DbusMessage,
} from '../../shared/dbus/index.ts';
import {
  pickOptions,
  pullNames,
  type DiskUse,
  type EtcFile,
  type FoundPackage,
  type HistoryEntry,
  type HostSnapshot,
  type HostState,
  type JobState,
  type Modifiers,
  type PackageComparison,
  type PullOptions,
  type RemoteKey,
  type ScheduledRestart,
  type TreeDiff,
  type UpdateDetails,
} from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { FullHostClient, InitramfsChange, InitramfsEtcChange, KernelArgsChange, LiveOptions, PackageFiles } from './api.ts';
import { parseAs } from './ask.ts';
import { Calls } from './calls.ts';
import { decodePackage } from './decode-package.ts';
import { endedReport, versionsMark } from './ended-service.ts';
import { ServiceLink } from './link.ts';
import { sendPackageFiles } from './send-package-files.ts';
import { cancelPeerJob, jobIdOf, runPeerJob } from './peer-job.ts';
import { jobAnswer } from './row-calls.ts';
import type { RowClient } from './row-client.ts';
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

const snapshotMs = 300;

/** The service as the app and the command line see it, without what its rows say everything about. */
export class DbusHostClient implements Omit<FullHostClient, keyof RowClient> {
  readonly calls: Calls;
  private readonly link: ServiceLink;
  private readonly stock: StockReader;
  private readonly connectAbstract: AbstractConnector | undefined;
  private readonly snapshotListeners = new Set<(snapshot: HostSnapshot) => void>();
  private readonly jobListeners = new Set<(job: JobState) => void>();
  private snapshotTimer: NodeJS.Timeout | undefined;
  private last: HostSnapshot | undefined;
  /** Jobs of a stock daemon are known only to the client that runs them. */
  private ownJob: JobState | undefined;
  private ownPast: readonly JobState[] = [];
  private telling: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions = {}) {
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
    const commandLine = (options.commandLine ?? '').replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 200);
    const always = { 'treeline-detached': options.detach ?? true, 'initiating-command-line': commandLine || undefined };
    this.calls = new Calls(this.link, this.stock, always, (...job) => this.follow(...job));
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
  private async ourSnapshot(): Promise<HostState> {
    const [host] = await this.calls.call(treelineSysrootInterface, 'Snapshot', [], true);
    const { stateroot } = this.link;
    if (stateroot === undefined || stateroot === host.osname) return host;
    return { ...host, osname: stateroot, check: await this.calls.property(treelineOsInterface, 'CheckState') };
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
    const job = (await this.calls.isOurs())
      ? await this.calls.run('check for update', treelineOsInterface, 'Check', [{}])
      : await this.calls.run('check for update', osInterface, 'DownloadUpdateRpmDiff', []);
    if (job.phase === 'failed' && job.error) throw TreelineError.fromReport(job.error);
  }

  async upgrade(options: PullOptions): Promise<JobState> {
    return this.calls.run('upgrade', osInterface, 'Upgrade', [this.calls.bag(pickOptions(options, pullNames))]);
  }

  async deploy(revision: string, options: PullOptions): Promise<JobState> {
    if (options.registerDriver) {
      const wanted = givenDict({ setRevision: revision });
      return this.calls.run(`deploy ${revision}`, osInterface, 'UpdateDeployment', [
        wanted,
        this.calls.bag(pickOptions(options, pullNames)),
      ]);
    }
    return this.calls.run(`deploy ${revision}`, osInterface, 'Deploy', [revision, this.calls.bag(pickOptions(options, pullNames))]);
  }

  async rebase(refspec: string, options: PullOptions & { readonly revision?: string | undefined }): Promise<JobState> {
    const bag = this.calls.bag({ ...pickOptions(options, pullNames), revision: options.revision });
    return this.calls.run(`rebase ${refspec}`, osInterface, 'Rebase', [bag, refspec, []]);
  }

  async updateDeployment(modifiers: Modifiers, options: PullOptions): Promise<JobState> {
    const bag = this.calls.bag(pickOptions(options, pullNames));
    return this.calls.run('change packages', osInterface, 'UpdateDeployment', [givenDict(modifiers), bag]);
  }

  async changePackages(modifiers: Modifiers, files: PackageFiles, options: PullOptions): Promise<JobState> {
    return this.updateDeployment({ ...modifiers, ...(await sendPackageFiles(this.calls, files)) }, options);
  }

  async upgradeFromMedium(path: string, { reboot }: { readonly reboot?: boolean | undefined }): Promise<JobState> {
    await this.calls.needOurs('Updating from a medium');
    return this.calls.run(`upgrade from ${path}`, osInterface, 'Upgrade', [this.calls.bag({ reboot, treelineMedium: path })]);
  }

  async rollback({ reboot }: { readonly reboot?: boolean | undefined }): Promise<JobState> {
    return this.calls.run('rollback', osInterface, 'Rollback', [this.calls.bag({ reboot })]);
  }

  async cleanup(elements: readonly string[]): Promise<JobState> {
    return this.calls.run(`cleanup ${elements.join(' ')}`, osInterface, 'Cleanup', [elements]);
  }

  async kernelArgs(change: KernelArgsChange): Promise<JobState> {
    const bag = this.calls.bag({
      reboot: change.reboot,
      lockFinalization: change.lockFinalization,
      appendIfMissing: change.appendIfMissing,
      deleteIfPresent: change.deleteIfPresent,
      finalKernelArgs: change.final,
      treelineDeployment: change.deploymentId,
    });
    // a stock daemon builds on what it is told, so it is told exactly what it has
    const existing = (await this.calls.isOurs()) ? (change.existing ?? '') : await this.stock.existingKernelArgs(change);
    return this.calls.run('kargs', osInterface, 'KernelArgs', [
      existing,
      change.append ?? [],
      change.replace ?? [],
      change.remove ?? [],
      bag,
    ]);
  }

  async setInitramfs({ regenerate, args, reboot, lockFinalization }: InitramfsChange): Promise<JobState> {
    return this.calls.run('initramfs', osInterface, 'SetInitramfsState', [regenerate, args, this.calls.bag({ reboot, lockFinalization })]);
  }

  async initramfsEtc({ track, untrack, untrackAll, forceSync, reboot, lockFinalization }: InitramfsEtcChange): Promise<JobState> {
    const bag = this.calls.bag({ reboot, lockFinalization });
    return this.calls.run('initramfs-etc', osInterface, 'InitramfsEtc', [track, untrack, untrackAll, forceSync, bag]);
  }

  async liveFs({ target, replace, dryRun }: LiveOptions): Promise<JobState> {
    // a stock daemon would do it
    if (dryRun) await this.calls.needOurs('A dry run of apply-live');
    return this.calls.run('apply-live', osExperimentalInterface, 'LiveFs', [this.calls.bag({ target, replace, dryRun })]);
  }

  async refreshMd(options: { readonly force?: boolean | undefined; readonly skipUnavailable?: boolean | undefined }): Promise<JobState> {
    return this.calls.run('refresh-md', osInterface, 'RefreshMd', [this.calls.bag(options)]);
  }

  async modifyPackageRepo(id: string, { enabled }: { readonly enabled: boolean }): Promise<JobState> {
    return this.calls.run('modify-yum-repo', osInterface, 'ModifyYumRepo', [id, { enabled: enabled ? '1' : '0' }]);
  }

  async searchPackages(words: readonly string[]): Promise<readonly FoundPackage[]> {
    const [packages] = await this.calls.call(osInterface, 'Search', [words], true);
    return packages.map(decodePackage);
  }

  async finalizeDeployment(options: { checksum?: string; allowMissingChecksum?: boolean; allowUnlocked?: boolean }): Promise<JobState> {
    return this.calls.run('finalize-deployment', osInterface, 'FinalizeDeployment', [this.calls.bag(options)]);
  }

  async automaticUpdate(): Promise<JobState | undefined> {
    const bag = this.calls.bag({});
    const before = await this.calls.stockDefault('AutomaticUpdateTrigger', [bag]);
    const [enabled, address] = await this.calls.call(osInterface, 'AutomaticUpdateTrigger', [bag]);
    return enabled ? this.follow(address, 'automatic update', 'AutomaticUpdateTrigger', before) : undefined;
  }

  async restart({ force }: { readonly force?: boolean | undefined } = {}): Promise<void> {
    await this.calls.needOurs('Restarting');
    await this.calls.call(treelineSysrootInterface, 'Restart', [this.calls.bag({ ignoreBlockers: force })]);
  }

  async cancel(): Promise<void> {
    if (await this.calls.isOurs()) {
      await this.calls.call(treelineSysrootInterface, 'Cancel', []);
      return;
    }
    const address = await this.stock.activeAddress();
    if (address) await cancelPeerJob(address, this.connectAbstract);
  }

  async reload(): Promise<void> {
    await this.calls.call(sysrootInterface, 'Reload', []);
  }

  async updateDetails(): Promise<UpdateDetails> {
    if (!(await this.calls.isOurs())) return this.stock.updateDetails();
    return (await this.calls.call(treelineOsInterface, 'UpdateDetails', [''], true))[0];
  }

  async compare(fromDeploymentId: string, toDeploymentId: string): Promise<PackageComparison> {
    if (!(await this.calls.isOurs())) return { packages: await this.stock.diff(fromDeploymentId, toDeploymentId), advisories: [] };
    return (await this.calls.call(treelineOsInterface, 'CompareDeployments', [fromDeploymentId, toDeploymentId], true))[0];
  }

  async history(limit: number): Promise<readonly HistoryEntry[]> {
    await this.calls.needOurs('A history');
    if (this.link.stateroot !== undefined) throw new TreelineError('not-supported', { subject: 'A history of one stateroot' });
    return (await this.calls.call(treelineSysrootInterface, 'History', [limit], true))[0];
  }

  async diskUse(): Promise<DiskUse> {
    if (!(await this.calls.isOurs())) return this.stock.diskUse();
    return (await this.calls.call(treelineSysrootInterface, 'DiskUse', [], true))[0];
  }

  async etcFile(path: string, checksum = ''): Promise<EtcFile> {
    await this.calls.needOurs('Previewing /etc');
    return (await this.calls.call(treelineOsInterface, 'EtcFile', [checksum, path], true))[0];
  }

  async treeDiff(from: string, to: string, { limit, prefix }: { readonly limit: number; readonly prefix?: string }): Promise<TreeDiff> {
    await this.calls.needOurs('Comparing files');
    return (await this.calls.call(treelineOsInterface, 'TreeDiff', [from, to, prefix ?? '', limit], true))[0];
  }

  async importKey(remote: string, keyBase64: string): Promise<readonly RemoteKey[]> {
    await this.calls.needOurs('Trusting a key');
    const [keys] = await this.calls.call(treelineSysrootInterface, 'InspectKey', [keyBase64], true);
    const fingerprints = keys.map((key) => key.fingerprint);
    return jobAnswer(this.calls, treelineSysrootInterface, 'ImportKey', [remote, keyBase64, fingerprints, this.calls.bag({})]);
  }

  async scheduledRestart(): Promise<ScheduledRestart | undefined> {
    await this.calls.needOurs('Scheduling a restart');
    return this.calls.property(treelineSysrootInterface, 'ScheduledRestart');
  }

  close(): void {
    clearTimeout(this.snapshotTimer);
    this.snapshotListeners.clear();
    this.jobListeners.clear();
    this.link.close();
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
    // nothing is done before its Start
    const versions = id === undefined ? undefined : versionsMark(this.last ?? (await this.ourSnapshot()));
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
    if (told.error?.code === 'service.unreachable') {
      const look = async (): Promise<HostSnapshot | undefined> => {
        const now = await this.snapshot();
        return now.service.kind === 'treeline' ? now : undefined;
      };
      return { ...told, error: await endedReport(method, title, versions, look) };
    }
    const snapshot = await this.snapshot().catch(() => undefined);
    return snapshot?.pastJobs.find((job) => job.id === id) ?? told;
  }

  private receive(signal: DbusMessage): void {
    const said = heard(treelineSysrootInterface, 'JobChanged', signal);
    if (!said) return this.refresh();
    // one after the other: the first document waits for the validators
    this.telling = this.telling
      .then(() => parseAs('JobState', said[0], 'JobChanged'))
      .then((job) => {
        this.tell(job);
        if (job.endedAt !== undefined || job.phase === 'waiting') this.refresh();
      })
      // what can't be read is told by the next snapshot
      .catch(() => this.refresh());
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
