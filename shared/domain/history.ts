// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../errors/error.ts';
import type { ArgChanges } from './dropped.ts';

/** One line of /var/lib/treeline/history.jsonl: what happened, when, by whom. Newest last in the file, newest first in lists. */
export interface HistoryEntry {
  readonly id: string;
  /** Unix seconds. */
  readonly at: number;
  readonly action:
    | 'stage'
    | 'deploy'
    | 'finalized'
    | 'boot'
    | 'rollback'
    | 'pin'
    | 'unpin'
    | 'undeploy'
    | 'cleanup'
    | 'kargs'
    | 'finalize-failed'
    | 'cancelled'
    | 'rebase'
    | 'repair-origin'
    | 'repair'
    | 'boot-once'
    | 'remote'
    | 'trust-key'
    | 'restart';
  readonly result: 'ok' | 'failed' | 'cancelled';
  readonly by: { readonly uid: number; readonly name: string; readonly client: string };
  readonly fromVersion?: string;
  readonly toVersion?: string;
  readonly checksum?: string;
  readonly deploymentId?: string;
  /** Name of a remote, fingerprints of a key. */
  readonly subject?: string;
  /** How the kernel arguments differ from those before. */
  readonly kernelArgs?: ArgChanges;
  readonly error?: ErrorReport;
  /** What cleaning up afterwards left there: the change itself is made. */
  readonly notRemoved?: readonly NotRemoved[];
}

/** Something that nothing uses any more and that can't be removed. */
export interface NotRemoved {
  readonly path: string;
  readonly detail: string;
}

/** Disk use in bytes. `exclusive` is what deleting the deployment alone would free; shared objects count once in `repo`. */
export interface DiskUse {
  /** Missing when it wasn't counted. */
  readonly repoBytes?: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly bootFreeBytes: number;
  readonly bootTotalBytes: number;
  readonly deployments: readonly { readonly id: string; readonly exclusiveBytes: number; readonly bootBytes: number }[];
}
