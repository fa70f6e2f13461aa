// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DiskUse, HistoryEntry, HostSnapshot, JobState, PackageComparison, UpdateDetails } from '../../shared/domain/index.ts';
import type { RemotesClient, RestartClient, ReviewClient } from './review-api.ts';

/** What the app and the CLI ask of the service. Every promise rejects with a TreelineError only. */
export interface HostClient {
  snapshot(): Promise<HostSnapshot>;
  /** Whole snapshots after each change, throttled to one in 300 ms. */
  onSnapshot(listener: (snapshot: HostSnapshot) => void): () => void;
  /** The running job's progress and end; also jobs started by others. */
  onJob(listener: (job: JobState) => void): () => void;

  /** Looks for an update: no password. Resolves when the check ended, whatever it found (see snapshot.check). */
  checkForUpdate(): Promise<void>;
  /** Pull and stage. Resolves with the finished job (phase succeeded, failed or cancelled). */
  upgrade(options: { reboot?: boolean; allowDowngrade?: boolean; downloadOnly?: boolean }): Promise<JobState>;
  deploy(revision: string, options: { reboot?: boolean }): Promise<JobState>;
  rollback(options: { reboot?: boolean }): Promise<JobState>;
  /** Make a listed deployment the default. */
  setDefault(deploymentId: string, options: { reboot?: boolean }): Promise<JobState>;
  pin(deploymentId: string, pinned: boolean): Promise<JobState>;
  undeploy(deploymentId: string): Promise<JobState>;
  cleanup(elements: readonly ('base' | 'pending-deploy' | 'rollback-deploy' | 'repomd')[]): Promise<JobState>;
  kernelArgs(change: {
    append?: readonly string[];
    replace?: readonly string[];
    remove?: readonly string[];
    appendIfMissing?: readonly string[];
    deleteIfPresent?: readonly string[];
    reboot?: boolean;
  }): Promise<JobState>;
  /**
   * Ask the service to restart the machine (finalizing what is staged). Rejects with restart.blocked when a program or somebody else's
   * session stands against it, unless `force`.
   */
  restart(options?: { force?: boolean }): Promise<void>;
  cancel(): Promise<void>;
  reload(): Promise<void>;

  updateDetails(): Promise<UpdateDetails>;
  compare(fromDeploymentId: string, toDeploymentId: string): Promise<PackageComparison>;
  history(limit: number): Promise<readonly HistoryEntry[]>;
  diskUse(): Promise<DiskUse>;
  close(): void;
}

/** Options of everything that pulls or deploys; names and meaning as rpm-ostree's command line has them. */
export interface PullOptions {
  readonly reboot?: boolean;
  readonly allowDowngrade?: boolean;
  readonly downloadOnly?: boolean;
  readonly cacheOnly?: boolean;
  readonly skipBranchCheck?: boolean;
  readonly lockFinalization?: boolean;
  /** Name of the program that decides about updates from now on. */
  readonly registerDriver?: string;
}

export interface KernelArgsChange {
  readonly append?: readonly string[];
  readonly replace?: readonly string[];
  readonly remove?: readonly string[];
  readonly appendIfMissing?: readonly string[];
  readonly deleteIfPresent?: readonly string[];
  /** Replace all, provided they are still what `existing` says. */
  readonly final?: string;
  readonly existing?: string;
  readonly deploymentId?: string;
  readonly lockFinalization?: boolean;
  readonly reboot?: boolean;
}

/** What the command line needs besides. */
export interface FullHostClient extends HostClient, ReviewClient, RemotesClient, RestartClient {
  upgrade(options: PullOptions): Promise<JobState>;
  deploy(revision: string, options: PullOptions): Promise<JobState>;
  rebase(refspec: string, options: PullOptions & { readonly revision?: string }): Promise<JobState>;
  finalizeDeployment(options: { checksum?: string; allowMissingChecksum?: boolean; allowUnlocked?: boolean }): Promise<JobState>;
  /** Run the configured policy; undefined when the policy is to do nothing. */
  automaticUpdate(): Promise<JobState | undefined>;
  kernelArgs(change: KernelArgsChange): Promise<JobState>;
}
