// SPDX-License-Identifier: LGPL-2.1-or-later
import { iface, sysrootPath, Variant } from '../../shared/dbus/index.ts';
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
import type { RemotesClient, RestartClient, ReviewClient } from './review-api.ts';

export type Bag = Record<string, Variant>;

/** Which of the two objects, with the interface of ours on it. */
type Place = 'os' | 'sysroot';

/** What only our own service can be asked, over org.treeline.OS1 and org.treeline.Sysroot1. A stock daemon: `not-supported`. */
export abstract class ExtraCalls implements ReviewClient, RemotesClient, RestartClient {
  protected abstract needOurs(what: string): Promise<void>;
  protected abstract osObject(): Promise<string>;
  protected abstract bag(flags: Readonly<Record<string, boolean | undefined>>): Bag;
  /** One call; `again`: harmless to repeat. */
  protected abstract ask(
    path: string,
    interfaceName: string,
    member: string,
    signature: string,
    body: readonly unknown[],
    again: boolean,
  ): Promise<readonly unknown[]>;
  /** Ask for a job, start it, wait for its end. */
  protected abstract run(
    title: string,
    member: string,
    path: string,
    interfaceName: string,
    signature: string,
    body: readonly unknown[],
  ): Promise<JobState>;
  abstract rebase(refspec: string, options: { revision?: string; reboot?: boolean }): Promise<JobState>;

  async reviewSummary(checksum = ''): Promise<ReviewSummary> {
    return this.look('Reviewing an update', 'os', 'ReviewSummary', 's', [checksum]);
  }

  async etcPreview(checksum = ''): Promise<EtcPreview> {
    return this.look('Previewing /etc', 'os', 'EtcPreview', 's', [checksum]);
  }

  async etcFile(path: string, checksum = ''): Promise<EtcFile> {
    return this.look('Previewing /etc', 'os', 'EtcFile', 'ss', [checksum, path]);
  }

  async fetchReview(checksum = ''): Promise<JobState> {
    return this.job('Reviewing an update', 'os', 'FetchReview', 'sa{sv}', [checksum, this.bag({})]);
  }

  async treeDiff(from: string, to: string, options: { limit: number; prefix?: string }): Promise<TreeDiff> {
    return this.look('Comparing files', 'os', 'TreeDiff', 'sssu', [from, to, options.prefix ?? '', options.limit]);
  }

  async treeFile(from: string, to: string, path: string): Promise<TreeFile> {
    return this.look('Comparing files', 'os', 'TreeFile', 'sss', [from, to, path]);
  }

  async preview(target: { refspec?: string; revision?: string; medium?: string; fetchRpmdb?: boolean }): Promise<UpdateDetails> {
    const wanted: Bag = {};
    for (const key of ['refspec', 'revision', 'medium'] as const) if (target[key]) wanted[key] = new Variant('s', target[key]);
    if (target.fetchRpmdb) wanted['fetch-rpmdb'] = new Variant('b', true);
    return this.answer('Previewing another version', 'os', 'Preview', 'a{sv}a{sv}', [wanted, this.bag({})]);
  }

  async remotes(): Promise<readonly Remote[]> {
    return this.look('Listing remotes', 'sysroot', 'Remotes');
  }

  async addRemote(name: string, url: string, options: { gpgVerify: boolean }): Promise<Remote> {
    const bag = { ...this.bag({}), 'gpg-verify': new Variant('b', options.gpgVerify) };
    return this.answer('Adding a remote', 'sysroot', 'AddRemote', 'ssa{sv}', [name, url, bag]);
  }

  async editRemote(name: string, change: { url?: string; gpgVerify?: boolean }): Promise<Remote> {
    const wanted: Bag = {};
    if (change.url !== undefined) wanted.url = new Variant('s', change.url);
    if (change.gpgVerify !== undefined) wanted['gpg-verify'] = new Variant('b', change.gpgVerify);
    return this.answer('Changing a remote', 'sysroot', 'EditRemote', 'sa{sv}a{sv}', [name, wanted, this.bag({})]);
  }

  async removeRemote(name: string, options: { force?: boolean }): Promise<void> {
    await this.answer('Removing a remote', 'sysroot', 'RemoveRemote', 'sa{sv}', [name, this.bag({ force: options.force })]);
  }

  async inspectKey(keyBase64: string): Promise<readonly RemoteKey[]> {
    return this.look('Reading a key', 'sysroot', 'InspectKey', 's', [keyBase64]);
  }

  async importKey(remote: string, keyBase64: string): Promise<readonly RemoteKey[]> {
    const fingerprints = (await this.inspectKey(keyBase64)).map((key) => key.fingerprint);
    return this.answer('Trusting a key', 'sysroot', 'ImportKey', 'ssasa{sv}', [remote, keyBase64, fingerprints, this.bag({})]);
  }

  async remoteRefs(remote: string): Promise<readonly RemoteRef[]> {
    return this.answer('Listing branches', 'os', 'RemoteRefs', 'sa{sv}', [remote, this.bag({})]);
  }

  async remoteVersions(refspec: string, limit: number): Promise<readonly RemoteVersion[]> {
    return this.answer('Listing versions', 'os', 'RemoteVersions', 'sua{sv}', [refspec, limit, this.bag({})]);
  }

  async media(): Promise<readonly Medium[]> {
    return this.look('Updating from a medium', 'os', 'Media');
  }

  async upgradeFromMedium(path: string, options: { reboot?: boolean }): Promise<JobState> {
    await this.needOurs('Updating from a medium');
    const bag = { ...this.bag({ reboot: options.reboot }), 'treeline-medium': new Variant('s', path) };
    return this.run(`upgrade from ${path}`, 'Upgrade', await this.osObject(), iface.os, 'a{sv}', [bag]);
  }

  async scheduledRestart(): Promise<ScheduledRestart | undefined> {
    await this.needOurs('Scheduling a restart');
    const body = [iface.treelineSysroot, 'ScheduledRestart'];
    const [value] = (await this.ask(sysrootPath, iface.properties, 'Get', 'ss', body, true)) as [Variant];
    return value.value === '' ? undefined : (JSON.parse(value.value as string) as ScheduledRestart);
  }

  async scheduleRestart(at: number): Promise<ScheduledRestart> {
    return this.change('Scheduling a restart', 'ScheduleRestart', 'ta{sv}', [BigInt(at), {}]);
  }

  async postponeRestart(seconds: number): Promise<ScheduledRestart> {
    return this.change('Scheduling a restart', 'PostponeRestart', 'u', [seconds]);
  }

  async cancelScheduledRestart(): Promise<void> {
    await this.change('Scheduling a restart', 'CancelScheduledRestart');
  }

  async restartBlockers(): Promise<readonly RestartBlocker[]> {
    return this.look('Asking what stands against a restart', 'sysroot', 'RestartBlockers');
  }

  async bootOnce(deploymentId: string, options: { reboot?: boolean }): Promise<JobState> {
    return this.job('Starting a deployment once', 'os', 'BootOnce', 'sa{sv}', [deploymentId, this.bag({ reboot: options.reboot })]);
  }

  async repairOrigin(deploymentId: string, refspec: string): Promise<JobState> {
    return this.job('Repairing an origin file', 'sysroot', 'RepairOrigin', 'ssa{sv}', [deploymentId, refspec, this.bag({})]);
  }

  async repair(): Promise<JobState> {
    return this.job('Repairing the system', 'sysroot', 'Repair', 'a{sv}', [this.bag({})]);
  }

  async whatsNew(): Promise<WhatsNew | undefined> {
    return this.look('Telling what is new', 'sysroot', 'WhatsNew');
  }

  async acknowledgeWhatsNew(): Promise<void> {
    await this.change('Telling what is new', 'AcknowledgeWhatsNew');
  }

  async pause(): Promise<void> {
    await this.change('Pausing', 'Pause');
  }

  /** A question whose answer is one JSON document; undefined for an empty one. */
  private async look<T>(what: string, place: Place, member: string, signature = '', body: readonly unknown[] = []): Promise<T> {
    await this.needOurs(what);
    const [path, name] = await this.at(place);
    return parse((await this.ask(path, name, member, signature, body, true))[0]);
  }

  private async change<T>(what: string, member: string, signature = '', body: readonly unknown[] = []): Promise<T> {
    await this.needOurs(what);
    return parse((await this.ask(sysrootPath, iface.treelineSysroot, member, signature, body, false))[0]);
  }

  private async job(what: string, place: Place, member: string, signature: string, body: readonly unknown[]): Promise<JobState> {
    await this.needOurs(what);
    const [path, name] = await this.at(place);
    return this.run(what, member, path, name, signature, body);
  }

  /** What a job that looks has found. Rejects with the job's error. */
  private async answer<T>(what: string, place: Place, member: string, signature: string, body: readonly unknown[]): Promise<T> {
    const job = await this.job(what, place, member, signature, body);
    if (job.phase !== 'succeeded') throw TreelineError.fromReport(job.error ?? { code: 'job.cancelled', subject: job.title });
    const [text] = await this.ask(sysrootPath, iface.treelineSysroot, 'JobResult', 's', [job.id], true);
    if (text === '') throw new TreelineError('service.unreachable', { detail: 'the service was restarted before it told what it found' });
    return parse(text);
  }

  private async at(place: Place): Promise<[string, string]> {
    return place === 'os' ? [await this.osObject(), iface.treelineOs] : [sysrootPath, iface.treelineSysroot];
  }
}

function parse<T>(text: unknown): T {
  return (typeof text === 'string' && text !== '' ? JSON.parse(text) : undefined) as T;
}
