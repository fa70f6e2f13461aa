import type { JobHandlers } from '../engine/jobs/index.ts';

export const dbJobs: Partial<JobHandlers> = {};
