// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { OsParams, SysrootParams } from '../../base/ports/job.ts';

/** `checksum` empty: what is staged, else the update that the last check found. */
export interface ReviewParams extends OsParams {
  readonly checksum?: string;
}

export interface PrivateParams {
  /** Show the text of files that not everybody may read, too (/etc/shadow). Only for a caller who is root anyway. */
  readonly includePrivate?: boolean;
}

/** Jobs that look at what an update changes; part of Jobs in jobs/catalogue.ts. */
export interface ReviewJobs {
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
  /** (read) How /etc differs from the defaults of the deployment that runs. `hideClosed` as in review.etc. */
  'review.etc-drift': { params: OsParams & { readonly hideClosed?: boolean }; result: Domain.EtcDrift };
  /** (read) One of those beside its default. `path` is relative to /etc. */
  'review.etc-own-file': { params: OsParams & { readonly path: string } & PrivateParams; result: Domain.EtcOwnFile };
  /** Put a default back in the place of one of those, which is kept beside it. */
  'review.restore-etc': { params: OsParams & { readonly path: string }; result: Domain.EtcRestored };
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
}
