import type { JobHandlers } from '../engine/jobs/index.ts';
import { fetchInto } from '../native/ostree/index.ts';

export const fetchJobs: Partial<JobHandlers> = {
  'fetch.pull': (request, context) => fetchInto(request, (progress) => context.progress(progress)),
};
