// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  optionDict,
  osInterface,
  treelineOsInterface,
  treelineSysrootInterface,
  type MethodOf,
  type Takes,
} from '../../shared/dbus/index.ts';
import type {
  EtcFile,
  EtcPreview,
  JobState,
  Medium,
  Remote,
  RemoteKey,
  RemoteRef,
  RemoteVersion,
  RestartBlocker,
  ReviewSummary,
  ScheduledRestart,
  TreeDiff,
  TreeFile,
  UpdateDetails,
  WhatsNew,
} from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { Calls } from './calls.ts';
import type { RemotesClient, RestartClient, ReviewClient } from './review-api.ts';

/** The interfaces of ours, which a stock daemon hasn't. */
type Ours = typeof treelineOsInterface | typeof treelineSysrootInterface;

/** What only our own service can be asked, over org.treeline.OS1 and org.treeline.Sysroot1. A stock daemon: `not-supported`. */
export abstract class ExtraCalls implements ReviewClient, RemotesClient, RestartClient {
  protected abstract readonly calls: Calls;
  abstract rebase(refspec: string, options: { revision?: string; reboot?: boolean }): Promise<JobState>;

  async reviewSummary(checksum = ''): Promise<ReviewSummary> {
    return this.look('Reviewing an update', treelineOsInterface, 'ReviewSummary', [checksum]);
  }

  async etcPreview(checksum = ''): Promise<EtcPreview> {
    return this.look('Previewing /etc', treelineOsInterface, 'EtcPreview', [checksum]);
  }

  async etcFile(path: string, checksum = ''): Promise<EtcFile> {
    return this.look('Previewing /etc', treelineOsInterface, 'EtcFile', [checksum, path]);
  }

  async fetchReview(checksum = ''): Promise<JobState> {
    return this.job('Reviewing an update', treelineOsInterface, 'FetchReview', [checksum, this.calls.bag({})]);
  }

  async treeDiff(from: string, to: string, options: { limit: number; prefix?: string }): Promise<TreeDiff> {
    return this.look('Comparing files', treelineOsInterface, 'TreeDiff', [from, to, options.prefix ?? '', options.limit]);
  }

  async treeFile(from: string, to: string, path: string): Promise<TreeFile> {
    return this.look('Comparing files', treelineOsInterface, 'TreeFile', [from, to, path]);
  }

  async preview(target: { refspec?: string; revision?: string; medium?: string; fetchRpmdb?: boolean }): Promise<UpdateDetails> {
    const wanted = optionDict({
      refspec: target.refspec || undefined,
      revision: target.revision || undefined,
      medium: target.medium || undefined,
      'fetch-rpmdb': target.fetchRpmdb,
    });
    return this.answer('Previewing another version', treelineOsInterface, 'Preview', [wanted, this.calls.bag({})]);
  }

  async remotes(): Promise<readonly Remote[]> {
    return this.look('Listing remotes', treelineSysrootInterface, 'Remotes', []);
  }

  async addRemote(name: string, url: string, options: { gpgVerify: boolean }): Promise<Remote> {
    const bag = this.calls.bag({ 'gpg-verify': options.gpgVerify });
    return this.answer('Adding a remote', treelineSysrootInterface, 'AddRemote', [name, url, bag]);
  }

  async editRemote(name: string, change: { url?: string; gpgVerify?: boolean }): Promise<Remote> {
    const wanted = optionDict({ url: change.url, 'gpg-verify': change.gpgVerify });
    return this.answer('Changing a remote', treelineSysrootInterface, 'EditRemote', [name, wanted, this.calls.bag({})]);
  }

  async removeRemote(name: string, options: { force?: boolean }): Promise<void> {
    await this.answer('Removing a remote', treelineSysrootInterface, 'RemoveRemote', [name, this.calls.bag({ force: options.force })]);
  }

  async inspectKey(keyBase64: string): Promise<readonly RemoteKey[]> {
    return this.look('Reading a key', treelineSysrootInterface, 'InspectKey', [keyBase64]);
  }

  async importKey(remote: string, keyBase64: string): Promise<readonly RemoteKey[]> {
    const fingerprints = (await this.inspectKey(keyBase64)).map((key) => key.fingerprint);
    return this.answer('Trusting a key', treelineSysrootInterface, 'ImportKey', [remote, keyBase64, fingerprints, this.calls.bag({})]);
  }

  async remoteRefs(remote: string): Promise<readonly RemoteRef[]> {
    return this.answer('Listing branches', treelineOsInterface, 'RemoteRefs', [remote, this.calls.bag({})]);
  }

  async remoteVersions(refspec: string, limit: number): Promise<readonly RemoteVersion[]> {
    return this.answer('Listing versions', treelineOsInterface, 'RemoteVersions', [refspec, limit, this.calls.bag({})]);
  }

  async media(): Promise<readonly Medium[]> {
    return this.look('Updating from a medium', treelineOsInterface, 'Media', []);
  }

  async upgradeFromMedium(path: string, options: { reboot?: boolean }): Promise<JobState> {
    await this.calls.needOurs('Updating from a medium');
    return this.calls.run(`upgrade from ${path}`, osInterface, 'Upgrade', [
      this.calls.bag({ reboot: options.reboot, 'treeline-medium': path }),
    ]);
  }

  async scheduledRestart(): Promise<ScheduledRestart | undefined> {
    await this.calls.needOurs('Scheduling a restart');
    return parse(await this.calls.property(treelineSysrootInterface, 'ScheduledRestart'));
  }

  async scheduleRestart(at: number): Promise<ScheduledRestart> {
    return this.change('Scheduling a restart', 'ScheduleRestart', [BigInt(at), {}]);
  }

  async postponeRestart(seconds: number): Promise<ScheduledRestart> {
    return this.change('Scheduling a restart', 'PostponeRestart', [seconds]);
  }

  async cancelScheduledRestart(): Promise<void> {
    await this.change('Scheduling a restart', 'CancelScheduledRestart', []);
  }

  async restartBlockers(): Promise<readonly RestartBlocker[]> {
    return this.look('Asking what stands against a restart', treelineSysrootInterface, 'RestartBlockers', []);
  }

  async bootOnce(deploymentId: string, options: { reboot?: boolean }): Promise<JobState> {
    return this.job('Starting a deployment once', treelineOsInterface, 'BootOnce', [
      deploymentId,
      this.calls.bag({ reboot: options.reboot }),
    ]);
  }

  async repairOrigin(deploymentId: string, refspec: string): Promise<JobState> {
    return this.job('Repairing an origin file', treelineSysrootInterface, 'RepairOrigin', [deploymentId, refspec, this.calls.bag({})]);
  }

  async repair(): Promise<JobState> {
    return this.job('Repairing the system', treelineSysrootInterface, 'Repair', [this.calls.bag({})]);
  }

  async whatsNew(): Promise<WhatsNew | undefined> {
    return this.look('Telling what is new', treelineSysrootInterface, 'WhatsNew', []);
  }

  async acknowledgeWhatsNew(): Promise<void> {
    await this.change('Telling what is new', 'AcknowledgeWhatsNew', []);
  }

  async pause(): Promise<void> {
    await this.change('Pausing', 'Pause', []);
  }

  /** A question whose answer is one JSON document; undefined for an empty one. */
  private async look<T, I extends Ours, M extends MethodOf<I>>(what: string, spec: I, member: M, args: Takes<I, M>): Promise<T> {
    await this.calls.needOurs(what);
    return parse((await this.calls.call(spec, member, args, true))[0]);
  }

  private async change<T, M extends MethodOf<typeof treelineSysrootInterface>>(
    what: string,
    member: M,
    args: Takes<typeof treelineSysrootInterface, M>,
  ): Promise<T> {
    await this.calls.needOurs(what);
    return parse((await this.calls.call(treelineSysrootInterface, member, args))[0]);
  }

  private async job<I extends Ours, M extends MethodOf<I>>(what: string, spec: I, member: M, args: Takes<I, M>): Promise<JobState> {
    await this.calls.needOurs(what);
    return this.calls.run(what, spec, member, args);
  }

  /** What a job that looks has found. Rejects with the job's error. */
  private async answer<T, I extends Ours, M extends MethodOf<I>>(what: string, spec: I, member: M, args: Takes<I, M>): Promise<T> {
    const job = await this.job(what, spec, member, args);
    if (job.phase !== 'succeeded') throw TreelineError.fromReport(job.error ?? { code: 'job.cancelled', subject: job.title });
    const [text] = await this.calls.call(treelineSysrootInterface, 'JobResult', [job.id], true);
    if (text === '') throw new TreelineError('service.unreachable', { detail: 'the service was restarted before it told what it found' });
    return parse(text);
  }
}

function parse<T>(text: unknown): T {
  return (typeof text === 'string' && text !== '' ? JSON.parse(text) : undefined) as T;
}
