// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { OsParams } from '../../base/ports/job.ts';

/** Jobs on media for machines without a network; part of Jobs in jobs/catalogue.ts. */
export interface MediaJobs {
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
