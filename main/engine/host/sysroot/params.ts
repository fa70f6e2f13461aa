// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { Deployment, DiskUse, FinalizeFailure, KargsChange, NotRemoved } from '../../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../../shared/errors/index.ts';
import type { LayerContent } from '../../base/ports/layers.ts';
import type { OsParams, SysrootParams } from '../../base/ports/job.ts';

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
  /** What is on top of the base. Missing: nothing, or not looked at. */
  readonly layer?: LayerContent;
  /** Cleaning up after the change is a result of its own: what it couldn't remove. Missing: nothing. */
  readonly notRemoved?: readonly NotRemoved[];
}

/** Jobs on the deployments of a sysroot; part of Jobs in jobs/catalogue.ts. */
export interface SysrootJobs {
  /** (read) Everything about the sysroot's deployments. */
  'sysroot.load': {
    params: SysrootParams & {
      /** Ask the files alone: libostree ended the process with this. */
      readonly crashed?: ErrorReport;
    };
    result: SysrootState;
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
    params: OsParams &
      KargsChange & {
        /** Arguments the caller saw; a difference to what is there is refused. */
        readonly existing?: string;
        readonly deploymentId?: string;
        readonly lockFinalization?: boolean;
      };
    result: DeployOutcome & { readonly kargs: readonly string[] };
  };
  /** Which files of /etc are in the initramfs (an overlay of the tree's). `forceSync`: also when only their content changed. */
  'sysroot.initramfs-etc': {
    params: OsParams & {
      readonly track: readonly string[];
      readonly untrack: readonly string[];
      readonly untrackAll: boolean;
      readonly forceSync: boolean;
      readonly lockFinalization?: boolean;
    };
    result: DeployOutcome;
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
  /** Take /etc/shadow and its like away from other users, in all deployments. */
  'sysroot.fix-shadow-perms': { params: SysrootParams; result: { readonly changed: boolean } };
  /** (read) */
  'sysroot.disk-use': { params: SysrootParams; result: DiskUse };
}
