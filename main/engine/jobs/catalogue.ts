// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DbJobs } from '../base/db/params.ts';
import type { JobContext } from '../base/ports/job.ts';
import type { SandboxJobs } from '../base/sandbox/params.ts';
import type { ComposeJobs } from '../compose/build/params.ts';
import type { ImageJobs } from '../compose/container/params.ts';
import type { DiskJobs } from '../compose/disk/params.ts';
import type { RepoJobs } from '../compose/publish/params.ts';
import type { BootloaderJobs } from '../host/bootloader/params.ts';
import type { LiveJobs } from '../host/live/params.ts';
import type { MediaJobs } from '../host/media/params.ts';
import type { PackageRepoJobs } from '../host/package-repos/params.ts';
import type { RemoteJobs } from '../host/remotes/params.ts';
import type { ReviewJobs } from '../host/review/params.ts';
import type { SysrootJobs } from '../host/sysroot/params.ts';
import type { UpdateJobs } from '../host/upgrade/params.ts';
import type { RegistryJobs } from '../images/jobs/params.ts';
import type { LayeringJobs } from '../layering/params.ts';

/**
 * Every job a worker can run: parameters and result, which stand with the feature that runs it. All values are JSON; bytes and seconds are
 * numbers. Jobs marked (read) change nothing and need no lock.
 */
export interface Jobs
  extends
    SysrootJobs,
    UpdateJobs,
    LayeringJobs,
    ReviewJobs,
    BootloaderJobs,
    LiveJobs,
    RemoteJobs,
    PackageRepoJobs,
    MediaJobs,
    DbJobs,
    ComposeJobs,
    ImageJobs,
    RegistryJobs,
    RepoJobs,
    DiskJobs,
    SandboxJobs {}

export type JobName = keyof Jobs;
export type JobParams<N extends JobName> = Jobs[N]['params'];
export type JobResult<N extends JobName> = Jobs[N]['result'];
export type JobHandlers = {
  [N in JobName]: (params: JobParams<N>, context: JobContext) => JobResult<N> | Promise<JobResult<N>>;
};
