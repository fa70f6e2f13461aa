// SPDX-License-Identifier: LGPL-2.1-or-later
import type { OsParams } from '../../base/ports/job.ts';
import type { DeployOutcome } from '../sysroot/params.ts';

/** Jobs on the boot loader; part of Jobs in jobs/catalogue.ts. */
export interface BootloaderJobs {
  /** Start a deployment once, at the next start only. */
  'sysroot.boot-once': { params: OsParams & { readonly deploymentId: string }; result: DeployOutcome };
}
