import type { JobHandlers } from '../engine/jobs/index.ts';

export const sysrootJobs: Partial<JobHandlers> = {};
