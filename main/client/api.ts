// SPDX-License-Identifier: LGPL-2.1-or-later
import type {
  DiskUse,
  EtcFile,
  FoundPackage,
  HistoryEntry,
  HostSnapshot,
  JobState,
  Modifiers,
  PackageComparison,
  PullOptions,
  RemoteKey,
  ScheduledRestart,
  TreeDiff,
  UpdateDetails,
} from '../../shared/domain/index.ts';
import type { RowClient } from './row-client.ts';

/** What the client does with more than one call, or differently with a stock daemon. Every promise rejects with a TreelineError only. */
export interface WrittenClient {
  snapshot(): Promise<HostSnapshot>;
  /** Whole snapshots after each change, throttled to one in 300 ms. */
  onSnapshot(listener: (snapshot: HostSnapshot) => void): () => void;
  /** The running job's progress and end; also jobs started by others. */
  onJob(listener: (job: JobState) => void): () => void;

  /** Looks for an update: no password. Resolves when the check ended, whatever it found (see snapshot.check). */
  checkForUpdate(): Promise<void>;
  /** Pull and stage. Resolves with the finished job (phase succeeded, failed or cancelled). */
  upgrade(options: PullOptions): Promise<JobState>;
  upgradeFromMedium(path: string, options: { readonly reboot?: boolean | undefined }): Promise<JobState>;
  deploy(revision: string, options: PullOptions): Promise<JobState>;
  rebase(refspec: string, options: PullOptions & { readonly revision?: string | undefined }): Promise<JobState>;
  /** Change what is on top of the base, and with it what else is wished (rpm-ostree's UpdateDeployment). */
  updateDeployment(modifiers: Modifiers, options: PullOptions): Promise<JobState>;
  /** The same with package files that the caller has. */
  changePackages(modifiers: Modifiers, files: PackageFiles, options: PullOptions): Promise<JobState>;
  rollback(options: { readonly reboot?: boolean | undefined }): Promise<JobState>;
  cleanup(elements: readonly ('base' | 'pending-deploy' | 'rollback-deploy' | 'repomd')[]): Promise<JobState>;
  kernelArgs(change: KernelArgsChange): Promise<JobState>;
  /** Make the initramfs on this machine, with these arguments for dracut, or use the one that comes with the tree. */
  setInitramfs(change: InitramfsChange): Promise<JobState>;
  /** Change the running system to a commit, by default what would start next. With `dryRun` the job's messages tell what that would do. */
  liveFs(options: LiveOptions): Promise<JobState>;
  /** Fetch what package repositories have. `force`: also what was looked at not long ago; `skipUnavailable`: one that can't be reached is passed over. */
  refreshMd(options: { readonly force?: boolean | undefined; readonly skipUnavailable?: boolean | undefined }): Promise<JobState>;
  modifyPackageRepo(id: string, settings: { readonly enabled: boolean }): Promise<JobState>;
  /** Packages with all of these words in name or summary, out of what was fetched; by rpm-ostree's groups in `key`. */
  searchPackages(words: readonly string[]): Promise<readonly FoundPackage[]>;
  /**
   * Ask the service to restart the machine (finalizing what is staged). Rejects with restart.blocked when a program or somebody else's
   * session stands against it, unless `force`.
   */
  restart(options?: { readonly force?: boolean | undefined }): Promise<void>;
  cancel(): Promise<void>;
  reload(): Promise<void>;

  updateDetails(): Promise<UpdateDetails>;
  compare(fromDeploymentId: string, toDeploymentId: string): Promise<PackageComparison>;
  history(limit: number): Promise<readonly HistoryEntry[]>;
  diskUse(): Promise<DiskUse>;
  etcFile(path: string, checksum?: string): Promise<EtcFile>;
  treeDiff(
    fromChecksum: string,
    toChecksum: string,
    options: { readonly limit: number; readonly prefix?: string | undefined },
  ): Promise<TreeDiff>;
  /** Asks for a password each time. */
  importKey(remote: string, keyBase64: string): Promise<readonly RemoteKey[]>;
  scheduledRestart(): Promise<ScheduledRestart | undefined>;
  close(): void;
}

/** A package file that is sent to the service. */
export interface PackageFile {
  readonly name: string;
  /** Where it lies, for who works without the service. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Its bytes in order, in pieces of at most `bytes`. */
  chunks(bytes: number): AsyncIterable<Buffer>;
}

export interface PackageFiles {
  readonly install?: readonly PackageFile[];
  /** Their files may replace others'. */
  readonly installForced?: readonly PackageFile[];
  /** They take the place of packages of the base. */
  readonly replace?: readonly PackageFile[];
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

export interface InitramfsChange {
  readonly regenerate: boolean;
  readonly args: readonly string[];
  readonly lockFinalization?: boolean | undefined;
  readonly reboot?: boolean | undefined;
}

/** Which files of /etc are in the initramfs. */
export interface InitramfsEtcChange {
  readonly track: readonly string[];
  readonly untrack: readonly string[];
  readonly untrackAll: boolean;
  /** Take the files anew, although none was added. */
  readonly forceSync: boolean;
  readonly lockFinalization?: boolean | undefined;
  readonly reboot?: boolean | undefined;
}

export interface LiveOptions {
  readonly target?: string | undefined;
  /** Also change and remove packages. */
  readonly replace?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** What the app asks of the service. */
export interface HostClient extends WrittenClient, RowClient {}

/** What the command line needs besides. */
export interface FullHostClient extends HostClient {
  finalizeDeployment(options: { checksum?: string; allowMissingChecksum?: boolean; allowUnlocked?: boolean }): Promise<JobState>;
  initramfsEtc(change: InitramfsEtcChange): Promise<JobState>;
  /** Run the configured policy; undefined when the policy is to do nothing. */
  automaticUpdate(): Promise<JobState | undefined>;
}

/** A client whose other methods are those that `missing` makes. */
export function wholeClient<Whole extends object>(client: Partial<Whole> & object, missing: (name: string) => unknown): Whole {
  const get = (target: object, name: string | symbol): unknown => {
    const member: unknown = Reflect.get(target, name);
    if (typeof member === 'function') return member.bind(target);
    // `then` must stay missing: an object with one is a promise to whoever awaits it
    return member !== undefined || typeof name !== 'string' || name === 'then' ? member : missing(name);
  };
  return new Proxy(client, { get }) as Whole;
}
