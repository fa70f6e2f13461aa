// SPDX-License-Identifier: LGPL-2.1-or-later
import { realpathSync } from 'node:fs';
import type { RowClient } from '../../client/index.ts';
import type {
  EtcFile,
  EtcPreview,
  JobState,
  Medium,
  Remote,
  RemoteKey,
  RemoteRef,
  RemoteVersion,
  OptionsGiven,
  ReviewSummary,
  TreeDiff,
  TreeFile,
  UpdateDetails,
} from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { JobName, JobParams, JobResult } from '../../engine/jobs/index.ts';

/** Where removable media are mounted. */
const mediaRoots = ['/run/media', '/media', '/mnt'];

/** The worker follows no links in the path of a medium; whoever works with his own rights may name one through a link. */
function plainPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Reviewing, remotes and media of a sysroot without a service: workers directly. What concerns the running system makes no sense there. */
export abstract class DirectReview implements Partial<RowClient> {
  protected abstract readonly sysroot: string;
  protected abstract os(): Promise<{ sysroot: string; osname: string }>;
  protected abstract ask<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>>;
  protected abstract job<N extends JobName>(title: string, name: N, params: JobParams<N>): Promise<JobState>;

  async reviewSummary(checksum?: string): Promise<ReviewSummary> {
    return this.ask('review.summary', { ...(await this.os()), checksum });
  }

  async etcPreview(checksum?: string): Promise<EtcPreview> {
    return this.ask('review.etc', { ...(await this.os()), checksum });
  }

  async etcFile(path: string, checksum?: string): Promise<EtcFile> {
    return this.ask('review.etc-file', { ...(await this.os()), checksum, path, includePrivate: process.getuid?.() === 0 });
  }

  async fetchReview(checksum?: string): Promise<JobState> {
    return this.job('fetch for review', 'review.fetch', { ...(await this.os()), checksum });
  }

  treeDiff(from: string, to: string, options: { readonly limit: number; readonly prefix?: string | undefined }): Promise<TreeDiff> {
    return this.ask('review.tree', { sysroot: this.sysroot, from, to, ...options });
  }

  treeFile(from: string, to: string, path: string): Promise<TreeFile> {
    return this.ask('review.file', { sysroot: this.sysroot, from, to, path, includePrivate: process.getuid?.() === 0 });
  }

  async preview({ refspec, revision, fetchRpmdb, ...target }: OptionsGiven = {}): Promise<UpdateDetails> {
    const medium = target.medium === undefined ? {} : { medium: plainPath(target.medium) };
    return this.ask('update.preview', { ...(await this.os()), refspec, revision, fetchRpmdb, ...medium });
  }

  remotes(): Promise<readonly Remote[]> {
    return this.ask('remote.list', { sysroot: this.sysroot });
  }

  addRemote(name: string, url: string, { gpgVerify = true }: OptionsGiven = {}): Promise<Remote> {
    return this.ask('remote.add', { sysroot: this.sysroot, name, url, gpgVerify });
  }

  editRemote(name: string, { url, gpgVerify }: OptionsGiven = {}): Promise<Remote> {
    return this.ask('remote.edit', { sysroot: this.sysroot, name, url, gpgVerify });
  }

  async removeRemote(name: string, { force }: OptionsGiven = {}): Promise<undefined> {
    await this.ask('remote.remove', { sysroot: this.sysroot, name, force });
  }

  inspectKey(key: string): Promise<readonly RemoteKey[]> {
    return this.ask('remote.inspect-key', { key });
  }

  importKey(name: string, key: string): Promise<readonly RemoteKey[]> {
    return this.ask('remote.import-key', { sysroot: this.sysroot, name, key });
  }

  async remoteRefs(name: string): Promise<readonly RemoteRef[]> {
    return this.ask('remote.refs', { ...(await this.os()), name });
  }

  async remoteVersions(refspec: string, limit: number): Promise<readonly RemoteVersion[]> {
    return this.ask('remote.versions', { ...(await this.os()), refspec, limit });
  }

  async media(): Promise<readonly Medium[]> {
    return this.ask('media.scan', { ...(await this.os()), paths: [...new Set(mediaRoots.map(plainPath))] });
  }

  async upgradeFromMedium(medium: string, options: { readonly reboot?: boolean | undefined }): Promise<JobState> {
    if (options.reboot) throw onlyRunning('--reboot');
    return this.job(`upgrade from ${medium}`, 'update.upgrade', { ...(await this.os()), medium: plainPath(medium) });
  }

  repair(): Promise<JobState> {
    return this.job('repair', 'sysroot.repair', { sysroot: this.sysroot });
  }

  repairOrigin(deploymentId: string, refspec: string): Promise<JobState> {
    return this.job(`repair-origin ${deploymentId}`, 'sysroot.repair-origin', { sysroot: this.sysroot, deploymentId, refspec });
  }

  async scheduledRestart(): Promise<undefined> {
    return undefined;
  }

  async scheduleRestart(): Promise<never> {
    throw onlyRunning('A restart');
  }

  async postponeRestart(): Promise<never> {
    throw onlyRunning('A restart');
  }

  async cancelScheduledRestart(): Promise<void> {
    throw onlyRunning('A restart');
  }

  async restartBlockers(): Promise<readonly never[]> {
    return [];
  }

  async bootOnce(): Promise<never> {
    throw onlyRunning('Starting once');
  }

  async whatsNew(): Promise<undefined> {
    return undefined;
  }

  async acknowledgeWhatsNew(): Promise<void> {
    // nobody was told anything
  }

  async pause(): Promise<void> {
    throw onlyRunning('Pausing');
  }
}

export function onlyRunning(what: string): TreelineError {
  return new TreelineError('usage.invalid', { detail: `${what} makes no sense with --sysroot` });
}
