import { createDisk } from '../engine/disk/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { diskPort } from '../native/ostree/new-sysroot.ts';

export const diskJobs: Partial<JobHandlers> = {
  'disk.create': (params, context) => createDisk(params, diskPort, context),
};
