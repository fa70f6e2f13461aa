// SPDX-License-Identifier: LGPL-2.1-or-later
import { buildChunked, composeImage, encapsulate, unencapsulate } from '../engine/compose/container/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { commitDirectory, readAttributes } from '../native/ostree/commit-directory.ts';
import { openImageSink, openImageSource } from '../native/ostree/image-objects.ts';
import { rpm } from '../native/rpm/index.ts';
import { ports } from './compose-jobs.ts';

export const imageJobs: Partial<JobHandlers> = {
  'compose.image': (params, context) => composeImage(params, { ...ports, open: openImageSource }, context),
  'compose.build-chunked': (params, context) =>
    buildChunked(params, { ...ports, open: openImageSource, commitDirectory, readAttributes }, context),
  'compose.encapsulate': (params, context) => encapsulate(params, { open: openImageSource, rpm }, context),
  'compose.unencapsulate': (params, context) => unencapsulate(params, openImageSink, context),
};
