import type { JobHandlers } from '../engine/jobs/index.ts';

export const composeJobs: Partial<JobHandlers> = {};
