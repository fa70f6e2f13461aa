// SPDX-License-Identifier: LGPL-2.1-or-later
import { createDisk, installAlongside } from '../engine/compose/disk/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { diskPort } from '../native/ostree/new-sysroot.ts';

export const diskJobs: Partial<JobHandlers> = {
  'disk.create': (params, context) => createDisk(params, diskPort, context),
  'disk.install-alongside': (params, context) => installAlongside(params, diskPort, context),
};
