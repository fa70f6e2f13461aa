// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type {
  FullHostClient,
  InitramfsChange,
  InitramfsEtcChange,
  KernelArgsChange,
  PackageFile,
  PackageFiles,
  RowClient,
} from '../../client/index.ts';
import {
  pickOptions,
  pullJobNames,
  treelineVersion,
  type CheckState,
  type DiskUse,
  type FoundPackage,
  type HistoryEntry,
  type HostSnapshot,
  type JobState,
  type Modifiers,
  type PackageComparison,
  type PackageRepos,
  type PullOptions,
  type UpdateDetails,
  type UpdatePlan,
} from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { HistoryFile } from '../../engine/host/history/index.ts';
import { enabledRepos, packageReposPlace, type PackageReposPlace } from '../../engine/host/package-repos/index.ts';
import {
  loadSysroot,
  runJob,
  type BroughtFile,
  type JobName,
  type JobParams,
  type JobResult,
  type LayerChange,
  type RunningJob,
  type SysrootState,
} from '../../engine/jobs/index.ts';
import path from 'node:path';
import { DirectReview } from './direct-review.ts';
import { workerPath } from './worker-path.ts';

/** Works on a sysroot that no service looks after (an image being built, a rescue system): workers directly, as the caller. */
export class DirectClient extends DirectReview implements Omit<FullHostClient, keyof RowClient>, Partial<RowClient> {
  protected readonly sysroot: string;
  private readonly stateroot: string | undefined;
  private readonly listeners = new Set<(job: JobState) => void>();
  private running: RunningJob<JobName> | undefined;

  constructor(sysroot: string, stateroot: string | undefined) {
    super();
    this.sysroot = path.resolve(sysroot);
    this.stateroot = stateroot;
  }

  async snapshot(): Promise<HostSnapshot> {
    const state = await this.state();
    const osname = this.osnameOf(state);
    return {
      service: { kind: 'treeline', version: treelineVersion },
      hostname: hostname(),
      osname,
      prettyName: state.prettyName,
      simulated: false,
      deployments: state.deployments,
      check: await this.check(osname),
      finalizeFailure: state.finalizeFailure,
      problem: state.problem,
      automaticUpdatePolicy: '',
      pastJobs: [],
    };
  }

  onSnapshot(): () => void {
    return () => undefined;
  }

  onJob(listener: (job: JobState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async checkForUpdate(): Promise<void> {
    const job = await this.job('check for update', 'update.check', await this.os());
    if (job.error) throw TreelineError.fromReport(job.error);
  }

  upgrade(options: PullOptions): Promise<JobState> {
    return this.pull('upgrade', options);
  }

  async deploy(revision: string, { registerDriver, ...options }: PullOptions): Promise<JobState> {
    if (registerDriver) throw new TreelineError('not-supported', { subject: '--register-driver with --sysroot' });
    return this.pull(`deploy ${revision}`, { allowDowngrade: true, ...options }, { revision });
  }

  rebase(refspec: string, options: PullOptions & { readonly revision?: string | undefined }): Promise<JobState> {
    return this.pull(`rebase ${refspec}`, { allowDowngrade: true, ...options }, { refspec, revision: options.revision });
  }

  updateDeployment(modifiers: Modifiers, options: PullOptions): Promise<JobState> {
    return this.changePackages(modifiers, {}, options);
  }

  changePackages(modifiers: Modifiers, { install, installForced, replace }: PackageFiles, options: PullOptions): Promise<JobState> {
    // who runs it reads his own files
    const files = (list: readonly PackageFile[] = []): BroughtFile[] =>
      list.map(({ name, path: at }) => ({ name, path: path.resolve(at) }));
    const brought = { install: files(install), installForced: files(installForced), replace: files(replace) };
    const { setRefspec: refspec, setRevision: revision, customOrigin: custom } = modifiers;
    const change = {
      install: modifiers.installPackages ?? [],
      uninstall: modifiers.uninstallPackages ?? [],
      overrideRemove: modifiers.overrideRemovePackages ?? [],
      overrideReset: modifiers.overrideResetPackages ?? [],
      overrideReplace: (modifiers.overrideReplacePackages ?? []).map((item) => {
        const [from = '', ...packages] = item.split(',');
        return { repo: from.replace(/^repo=/, ''), packages };
      }),
    };
    const named = custom && { customOrigin: { url: custom[0], description: custom[1] } };
    return this.pull('change packages', options, { revision, ...(refspec === undefined ? {} : { refspec }), ...named, change, brought });
  }

  async rollback(options: { readonly reboot?: boolean | undefined }): Promise<JobState> {
    refuseReboot(options.reboot);
    return this.job('rollback', 'sysroot.rollback', await this.os());
  }

  async setDefault(deploymentId: string): Promise<JobState> {
    return this.job(`set-default ${deploymentId}`, 'sysroot.set-default', { ...(await this.os()), deploymentId });
  }

  pin(deploymentId: string, pinned: boolean): Promise<JobState> {
    return this.job(`${pinned ? 'pin' : 'unpin'} ${deploymentId}`, 'sysroot.pin', { sysroot: this.sysroot, deploymentId, pinned });
  }

  undeploy(deploymentId: string): Promise<JobState> {
    return this.job(`undeploy ${deploymentId}`, 'sysroot.undeploy', { sysroot: this.sysroot, deploymentId });
  }

  async cleanup(elements: readonly string[]): Promise<JobState> {
    return this.job(`cleanup ${elements.join(' ')}`, 'sysroot.cleanup', { ...(await this.os()), elements });
  }

  async kernelArgs(change: KernelArgsChange): Promise<JobState> {
    refuseReboot(change.reboot);
    return this.job('kargs', 'sysroot.kargs', {
      ...(await this.os()),
      append: change.append ?? [],
      replace: change.replace ?? [],
      remove: change.remove ?? [],
      appendIfMissing: change.appendIfMissing ?? [],
      deleteIfPresent: change.deleteIfPresent ?? [],
      finalKargs: change.final,
      existing: change.existing,
      deploymentId: change.deploymentId,
      lockFinalization: change.lockFinalization,
    });
  }

  async setInitramfs({ regenerate, args, reboot, lockFinalization }: InitramfsChange): Promise<JobState> {
    return this.pull('initramfs', { reboot, lockFinalization, noPullBase: true }, { change: { initramfs: { regenerate, args } } });
  }

  async initramfsEtc({ reboot, ...change }: InitramfsEtcChange): Promise<JobState> {
    refuseReboot(reboot);
    return this.job('initramfs-etc', 'sysroot.initramfs-etc', { ...(await this.os()), ...change });
  }

  async refreshMd(options: { readonly force?: boolean | undefined; readonly skipUnavailable?: boolean | undefined }): Promise<JobState> {
    const { force = false, skipUnavailable = false } = options;
    return this.job('refresh-md', 'packages.refresh', { ...enabledRepos(await this.reposPlace()), force, skipUnavailable });
  }

  async modifyPackageRepo(id: string, { enabled }: { readonly enabled: boolean }): Promise<JobState> {
    const { root } = await this.reposPlace();
    return this.job('modify-yum-repo', 'packages.modify-repo', { root, id, settings: { enabled: enabled ? '1' : '0' } });
  }

  async searchPackages(words: readonly string[]): Promise<readonly FoundPackage[]> {
    const query = { kind: 'search', words } as const;
    return (await this.ask('packages.find', { ...enabledRepos(await this.reposPlace()), query })).packages;
  }

  async packageRepos(): Promise<PackageRepos> {
    return this.ask('packages.repos', await this.reposPlace());
  }

  private async reposPlace(): Promise<PackageReposPlace> {
    const state = await this.state();
    return packageReposPlace(this.sysroot, this.osnameOf(state), state.deployments);
  }

  async finalizeDeployment(options: { checksum?: string; allowMissingChecksum?: boolean; allowUnlocked?: boolean }): Promise<JobState> {
    return this.job('finalize-deployment', 'sysroot.finalize', { ...(await this.os()), ...options });
  }

  async liveFs(): Promise<never> {
    throw new TreelineError('live.not-booted', { subject: this.sysroot });
  }

  async automaticUpdate(): Promise<undefined> {
    throw new TreelineError('not-supported', { subject: 'The automatic update policy with --sysroot' });
  }

  async restart(): Promise<void> {
    refuseReboot(true);
  }

  async cancel(): Promise<void> {
    if (this.running && !this.running.cancel()) throw new TreelineError('job.uninterruptible');
  }

  async reload(): Promise<void> {
    // nothing is kept between two commands
  }

  async updateDetails(): Promise<UpdateDetails> {
    return this.ask('update.details', await this.os());
  }

  async planUpdate(): Promise<UpdatePlan> {
    return this.ask('update.plan', await this.os());
  }

  async compare(fromDeploymentId: string, toDeploymentId: string): Promise<PackageComparison> {
    const { deployments } = await this.state();
    const checksum = (id: string): string => {
      const found = deployments.find((deployment) => deployment.id === id);
      if (!found) throw new TreelineError('deployment.not-found', { subject: id });
      return found.checksum;
    };
    const sides = { from: checksum(fromDeploymentId), to: checksum(toDeploymentId) };
    const { packages, advisories } = await this.ask('db.diff', { sysroot: this.sysroot, ...sides, changelogs: true, advisories: true });
    return { packages, advisories };
  }

  async history(limit: number): Promise<readonly HistoryEntry[]> {
    const { osname } = await this.os();
    return new HistoryFile(path.join(this.sysroot, 'ostree/deploy', osname, 'var/lib/treeline')).newest(limit);
  }

  diskUse(): Promise<DiskUse> {
    return this.ask('sysroot.disk-use', { sysroot: this.sysroot });
  }

  close(): void {
    this.listeners.clear();
  }

  private async pull(
    title: string,
    options: PullOptions,
    more: {
      readonly revision?: string | undefined;
      readonly refspec?: string;
      readonly change?: LayerChange;
      readonly brought?: JobParams<'update.upgrade'>['brought'];
    } = {},
  ): Promise<JobState> {
    refuseReboot(options.reboot);
    return this.job(title, 'update.upgrade', { ...(await this.os()), ...pickOptions(options, pullJobNames), ...more });
  }

  protected async os(): Promise<{ sysroot: string; osname: string }> {
    return { sysroot: this.sysroot, osname: this.osnameOf(await this.state()) };
  }

  private osnameOf(state: SysrootState): string {
    const known = [...new Set([...state.osnames, ...state.deployments.map((deployment) => deployment.osname)])];
    const osname = this.stateroot ?? (state.bootedOsname || state.deployments[0]?.osname || state.osnames[0]);
    if (osname === undefined) throw new TreelineError('sysroot.invalid', { subject: this.sysroot, detail: 'no stateroot' });
    if (!known.includes(osname)) throw new TreelineError('stateroot.not-found', { subject: osname, detail: known.join(', ') });
    return osname;
  }

  private state(): Promise<SysrootState> {
    return loadSysroot(this.sysroot, { worker: workerPath });
  }

  /** That it can't be read is a failed check, not a reason to show nothing at all. */
  private async check(osname: string): Promise<CheckState> {
    try {
      return await this.ask('update.cached', { sysroot: this.sysroot, osname });
    } catch (error) {
      return { kind: 'failed', failedAt: 0, since: 0, error: TreelineError.report(error) };
    }
  }

  protected ask<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
    return runJob(job, params, { worker: workerPath }).done;
  }

  protected async job<N extends JobName>(title: string, name: N, params: JobParams<N>): Promise<JobState> {
    const now = (): number => Math.floor(Date.now() / 1000);
    let state: JobState = { id: randomUUID(), title, method: name, owner: '', startedAt: now(), phase: 'running', messages: [] };
    const change = (fields: Partial<JobState>): void => {
      state = { ...state, ...fields };
      for (const listener of this.listeners) listener(state);
    };
    const running = runJob(name, params, {
      worker: workerPath,
      onEvent: (event) => {
        if (event.type === 'progress') change({ progress: event.progress });
        if (event.type === 'message') change({ messages: [...state.messages, event.text] });
        if (event.type === 'uninterruptible') change({ phase: event.on ? 'uninterruptible' : 'running' });
      },
    });
    this.running = running;
    try {
      const result: { readonly changed?: unknown } = Object(await running.done);
      change({ phase: 'succeeded', endedAt: now(), changed: typeof result.changed === 'boolean' ? result.changed : undefined });
    } catch (error) {
      const report = TreelineError.report(error);
      change({ phase: report.code === 'job.cancelled' ? 'cancelled' : 'failed', endedAt: now(), error: report });
    }
    return state;
  }
}

function refuseReboot(reboot: boolean | undefined): void {
  if (reboot) throw new TreelineError('usage.invalid', { detail: '--reboot makes no sense with --sysroot' });
}
