// SPDX-License-Identifier: LGPL-2.1-or-later
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

/** What an update changes beside packages. `checksum` empty: what is staged, else what the last check found. Looking needs no password. */
export interface ReviewClient {
  reviewSummary(checksum?: string): Promise<ReviewSummary>;
  etcPreview(checksum?: string): Promise<EtcPreview>;
  etcFile(path: string, checksum?: string): Promise<EtcFile>;
  /** Fetch the new tree's /usr/etc, so that etcPreview has something to say before staging. */
  fetchReview(checksum?: string): Promise<JobState>;
  treeDiff(fromChecksum: string, toChecksum: string, options: { limit: number; prefix?: string }): Promise<TreeDiff>;
  treeFile(fromChecksum: string, toChecksum: string, path: string): Promise<TreeFile>;
  /**
   * Another branch, version, commit or medium, as updateDetails shows the pending one. `fetchRpmdb`: with changelogs, where they must be
   * fetched (UpdateDetails.rpmdbBytes says how much).
   */
  preview(target: { refspec?: string; revision?: string; medium?: string; fetchRpmdb?: boolean }): Promise<UpdateDetails>;
}

export interface RemotesClient {
  remotes(): Promise<readonly Remote[]>;
  addRemote(name: string, url: string, options: { gpgVerify: boolean }): Promise<Remote>;
  editRemote(name: string, change: { url?: string; gpgVerify?: boolean }): Promise<Remote>;
  removeRemote(name: string, options: { force?: boolean }): Promise<void>;
  /** What a key file's bytes (base64) hold; nothing is trusted by it. */
  inspectKey(keyBase64: string): Promise<readonly RemoteKey[]>;
  /** Asks for a password each time. */
  importKey(remote: string, keyBase64: string): Promise<readonly RemoteKey[]>;
  remoteRefs(remote: string): Promise<readonly RemoteRef[]>;
  remoteVersions(refspec: string, limit: number): Promise<readonly RemoteVersion[]>;
  rebase(refspec: string, options: { revision?: string; reboot?: boolean }): Promise<JobState>;
  media(): Promise<readonly Medium[]>;
  upgradeFromMedium(path: string, options: { reboot?: boolean }): Promise<JobState>;
}

export interface RestartClient {
  /** Give a deployment whose origin file is damaged a source (`REMOTE:BRANCH`) again. */
  repairOrigin(deploymentId: string, refspec: string): Promise<JobState>;
  /** Mend what `HostSnapshot.problem` tells, where that is safe; else the job fails with it. */
  repair(): Promise<JobState>;
  scheduledRestart(): Promise<ScheduledRestart | undefined>;
  /** `at` in Unix seconds, within 30 days. What is scheduled already is replaced. Rejects with restart.bad-time. */
  scheduleRestart(at: number): Promise<ScheduledRestart>;
  /** At most ten times and seven days in all: restart.postpone-limit. */
  postponeRestart(seconds: number): Promise<ScheduledRestart>;
  cancelScheduledRestart(): Promise<void>;
  restartBlockers(): Promise<readonly RestartBlocker[]>;
  bootOnce(deploymentId: string, options: { reboot?: boolean }): Promise<JobState>;
  /** The first start of a new version, until it was acknowledged. */
  whatsNew(): Promise<WhatsNew | undefined>;
  acknowledgeWhatsNew(): Promise<void>;
  /**
   * Stop fetching, keep what arrived; `upgrade` goes on from there. The job ends as `cancelled` with the error `job.paused`, so it holds up
   * nobody else, and stays so over restarts. Rejects with job.not-pausable for jobs that don't fetch.
   */
  pause(): Promise<void>;
}
