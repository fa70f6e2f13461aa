// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../../../shared/errors/index.ts';
import type { ComposeJobs } from './compose-catalogue.ts';
import type * as Domain from '../../../shared/domain/index.ts';
import type { JobContext } from './protocol.ts';
import type {
  CheckState,
  Deployment,
  DiskUse,
  FinalizeFailure,
  NotRemoved,
  PackageChange,
  PackageDetails,
  UpdateDetails,
} from '../../../shared/domain/index.ts';

/** Where a job works. `sysroot` is '/' on a real host. */
export interface SysrootParams {
  readonly sysroot: string;
}

export interface OsParams extends SysrootParams {
  readonly osname: string;
}

export interface SysrootState {
  readonly path: string;
  readonly bootedOsname: string;
  readonly osnames: readonly string[];
  /** Staged first, then boot order. */
  readonly deployments: readonly Deployment[];
  readonly prettyName: string;
  readonly finalizeFailure?: FinalizeFailure;
  /** libostree doesn't load the system as it is: why, and what mends it. The rest is what could be read all the same; changes are refused. */
  readonly problem?: ErrorReport;
}

export interface DeployOutcome {
  /** False: nothing newer (exit code 77 where asked for). */
  readonly changed: boolean;
  readonly staged: boolean;
  readonly deploymentId?: string;
  readonly fromVersion?: string;
  readonly toVersion?: string;
  readonly checksum?: string;
  /** How the kernel arguments differ from those of what would have started next (of what runs, when going back). */
  readonly kernelArgs?: Domain.ArgChanges;
  /** Cleaning up after the change is a result of its own: what it couldn't remove. Missing: nothing. */
  readonly notRemoved?: readonly NotRemoved[];
}

/** Parts of a package list difference with where it was read from. */
export interface DiffOutcome {
  /** What was compared, in the caller's words or `booted deployment`, `pending deployment`, `rollback deployment`. */
  readonly fromName: string;
  readonly toName: string;
  readonly fromChecksum: string;
  readonly toChecksum: string;
  readonly fromVersion: string;
  readonly toVersion: string;
  readonly packages: readonly PackageChange[];
  readonly advisories: readonly Domain.Advisory[];
}

/**
 * Every job a worker can run: parameters and result. All values are JSON; bytes and seconds are numbers.
 * Jobs marked (read) change nothing and need no lock.
 */
export interface Jobs extends ComposeJobs {
  /** (read) Everything about the sysroot's deployments. */
  'sysroot.load': {
    params: SysrootParams & {
      /** Ask the files alone: libostree ended the process with this. */
      readonly crashed?: ErrorReport;
    };
    result: SysrootState;
  };
  /** Ask the remote of the booted (or default) deployment for a newer commit; fetches commit objects only. A failed check is a result, not an error. */
  'update.check': { params: OsParams & { readonly now?: number }; result: CheckState };
  /** (read) What the last check found, from the state directory, made relative to what is booted now. */
  'update.cached': { params: OsParams; result: CheckState };
  /** (read) Package changes, changelogs, advisories, sizes of the pending update or of `checksum`. */
  'update.details': {
    params: OsParams & {
      readonly checksum?: string;
      /** Of a repository composed by others: fetch the RPM databases that `rpmdbBytes` speaks of, for changelogs (network). */
      readonly fetchRpmdb?: boolean;
    };
    result: UpdateDetails;
  };
  /** Pull and, if booted into the sysroot, stage, else deploy. */
  'update.upgrade': {
    params: OsParams & {
      /** Checksum, `version=X`, `revision=X`; empty = newest of the branch. */
      readonly revision?: string;
      /** Rebase target `[REMOTE:]REF`. */
      readonly refspec?: string;
      readonly allowDowngrade?: boolean;
      readonly downloadOnly?: boolean;
      readonly cacheOnly?: boolean;
      readonly skipBranchCheck?: boolean;
      readonly lockFinalization?: boolean;
      /** Asked for by the policy, not by a person: doesn't take a version that was rolled back from, and skips what is refused for good reason. */
      readonly automatic?: boolean;
      /** Path of a repository or static delta file to take the update from instead of the network. */
      readonly medium?: string;
    };
    result: DeployOutcome;
  };
  'sysroot.rollback': { params: OsParams; result: DeployOutcome };
  /** Make any listed deployment the default (org.treeline). */
  'sysroot.set-default': { params: OsParams & { readonly deploymentId: string }; result: DeployOutcome };
  'sysroot.clear-rollback-target': { params: OsParams; result: DeployOutcome };
  'sysroot.pin': { params: SysrootParams & { readonly deploymentId: string; readonly pinned: boolean }; result: DeployOutcome };
  'sysroot.undeploy': { params: SysrootParams & { readonly deploymentId: string }; result: DeployOutcome };
  /** rpm-ostree's Cleanup elements: base, pending-deploy, rollback-deploy, repomd. */
  'sysroot.cleanup': {
    params: OsParams & { readonly elements: readonly string[] };
    result: { readonly changed: boolean; readonly freedBytes: number };
  };
  'sysroot.kargs': {
    params: OsParams & {
      readonly append: readonly string[];
      readonly replace: readonly string[];
      readonly remove: readonly string[];
      readonly appendIfMissing: readonly string[];
      readonly deleteIfPresent: readonly string[];
      /** Whole replacement, from the editor. */
      readonly finalKargs?: string;
      /** Arguments the caller saw; a difference to what is there is refused. */
      readonly existing?: string;
      readonly deploymentId?: string;
      readonly lockFinalization?: boolean;
    };
    result: DeployOutcome & { readonly kargs: readonly string[] };
  };
  /** Check and release the lock of the staged deployment; the caller reboots. */
  'sysroot.finalize': {
    params: OsParams & { readonly checksum?: string; readonly allowMissingChecksum?: boolean; readonly allowUnlocked?: boolean };
    result: DeployOutcome;
  };
  /** Give a deployment whose origin file is damaged a source (`REMOTE:BRANCH`) again. */
  'sysroot.repair-origin': { params: SysrootParams & { readonly deploymentId: string; readonly refspec: string }; result: DeployOutcome };
  /** Mend what keeps libostree from loading the sysroot, where that is safe. */
  'sysroot.repair': { params: SysrootParams; result: DeployOutcome };
  /** (read) */
  'sysroot.disk-use': { params: SysrootParams; result: DiskUse };
  /** (read) Package list of a commit; `repo` is a path or '' for the sysroot's. */
  'db.list': {
    params: RepoParams & {
      /** As db.diff's. After the first, what is no revision but could be a package's name counts as a pattern. */
      readonly revisions: readonly string[];
      /** Shell patterns on names (or whole NEVRAs); none = all. */
      readonly patterns: readonly string[];
      readonly advisories?: boolean;
      /** Summary, license, sizes, ... too, from the RPM database; without it only what the commit's metadata lists. */
      readonly details?: boolean;
    };
    result: readonly DbListing[];
  };
  /** (read) */
  'db.diff': {
    params: RepoParams & {
      /**
       * Revisions: checksum, `[REMOTE:]REF`, or a deployment (id, `booted`, `pending`, `rollback`). Both empty: booted and pending, or
       * rollback and booted when nothing is pending. Only `to` empty: booted and `from`.
       */
      readonly from: string;
      readonly to: string;
      readonly changelogs: boolean;
      readonly advisories: boolean;
      readonly base?: boolean;
    };
    result: DiffOutcome;
  };
  /** (read) Versions and checksums of revisions. */
  'db.version': {
    params: RepoParams & { readonly revisions: readonly string[] };
    result: readonly { readonly revision: string; readonly checksum: string; readonly version: string; readonly rpmdbChecksum: string }[];
  };
  /** (read) Kernel, initramfs, kernel arguments, /boot space of the staged deployment, or of `checksum` before it is staged. */
  'review.summary': { params: ReviewParams; result: Domain.ReviewSummary };
  /** (read) What the merge of /etc will do; `available: false` until the new tree's /usr/etc is here. */
  'review.etc': {
    params: ReviewParams & {
      /** Leave out what lies in directories that not everybody may list: for a caller who isn't root. */
      readonly hideClosed?: boolean;
    };
    result: Domain.EtcPreview;
  };
  /** (read) One file of /etc three ways. `path` is relative to /etc. */
  'review.etc-file': { params: ReviewParams & { readonly path: string } & PrivateParams; result: Domain.EtcFile };
  /** Fetch only /usr/etc (and /usr/lib/modules' sizes where cheap) of a commit that isn't here yet. */
  'review.fetch': { params: ReviewParams; result: { readonly fetchedBytes: number } };
  /** (read) Files that differ between two commits, by checksum, sorted, at most `limit`, below `prefix`. */
  'review.tree': {
    params: SysrootParams & { readonly from: string; readonly to: string; readonly prefix?: string; readonly limit: number };
    result: Domain.TreeDiff;
  };
  /** (read) Both versions of one file of two commits. */
  'review.file': {
    params: SysrootParams & { readonly from: string; readonly to: string; readonly path: string } & PrivateParams;
    result: Domain.TreeFile;
  };
  /** Look at another branch, commit or version: fetches commit objects only; then as update.details. */
  'update.preview': {
    params: OsParams & {
      readonly refspec?: string;
      readonly revision?: string;
      readonly medium?: string;
      /** As in update.details. */
      readonly fetchRpmdb?: boolean;
    };
    result: Domain.UpdateDetails;
  };
  /** Start a deployment once, at the next start only. */
  'sysroot.boot-once': { params: OsParams & { readonly deploymentId: string }; result: DeployOutcome };
  /** (read) */
  'remote.list': { params: SysrootParams; result: readonly Domain.Remote[] };
  'remote.add': {
    params: SysrootParams & { readonly name: string; readonly url: string; readonly gpgVerify: boolean };
    result: Domain.Remote;
  };
  'remote.edit': {
    params: SysrootParams & { readonly name: string; readonly url?: string; readonly gpgVerify?: boolean };
    result: Domain.Remote;
  };
  /** Refused while a deployment names it, unless `force`. */
  'remote.remove': { params: SysrootParams & { readonly name: string; readonly force?: boolean }; result: { readonly removed: string } };
  /** (read) What a key file holds, before it is trusted. `key` is the file's content, base64. */
  'remote.inspect-key': { params: { readonly key: string }; result: readonly Domain.RemoteKey[] };
  'remote.import-key': { params: SysrootParams & { readonly name: string; readonly key: string }; result: readonly Domain.RemoteKey[] };
  /** Branches of a remote, from its summary (network). */
  'remote.refs': { params: OsParams & { readonly name: string }; result: readonly Domain.RemoteRef[] };
  /** The past of a branch, newest first (network: commit objects only). */
  'remote.versions': {
    params: OsParams & { readonly refspec: string; readonly limit: number };
    result: readonly Domain.RemoteVersion[];
  };
  /** Write refs of a repository (default: the sysroot's booted ref) to a directory, for machines without a network. */
  'media.create': {
    params: {
      readonly repo: string;
      readonly target: string;
      readonly refs: readonly string[];
      /** 'delta': one static delta file from `from` (or from nothing). */
      readonly kind: 'repo' | 'delta';
      readonly from?: string;
    };
    result: Domain.Medium;
  };
  /** (read) Look for repositories and delta files in directories. */
  'media.scan': { params: OsParams & { readonly paths: readonly string[] }; result: readonly Domain.Medium[] };
}

/** `checksum` empty: what is staged, else the update that the last check found. */
export interface ReviewParams extends OsParams {
  readonly checksum?: string;
}

export interface PrivateParams {
  /** Show the text of files that not everybody may read, too (/etc/shadow). Only for a caller who is root anyway. */
  readonly includePrivate?: boolean;
}

export interface RepoParams {
  /** Path of an OSTree repository; empty = the repository of `sysroot`. */
  readonly repo?: string;
  readonly sysroot?: string;
}

export interface DbListing {
  readonly revision: string;
  readonly checksum: string;
  readonly version: string;
  readonly packages: readonly PackageDetails[];
  readonly advisories?: readonly Domain.Advisory[];
}

export type JobName = keyof Jobs;
export type JobParams<N extends JobName> = Jobs[N]['params'];
export type JobResult<N extends JobName> = Jobs[N]['result'];
export type JobHandlers = {
  [N in JobName]: (params: JobParams<N>, context: JobContext) => JobResult<N> | Promise<JobResult<N>>;
};
