// SPDX-License-Identifier: LGPL-2.1-or-later
import { buildChunked, composeImage, encapsulate, unencapsulate } from '../engine/compose/container/index.ts';
import { openRegistry } from '../engine/images/jobs/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { commitDirectory, readAttributes } from '../native/ostree/commit-directory.ts';
import { openImageSink, openImageSource } from '../native/ostree/image-objects.ts';
import { rpm } from '../native/rpm/index.ts';
import { ports } from './compose-jobs.ts';

const places = { open: openImageSource, registry: openRegistry };

export const imageJobs: Partial<JobHandlers> = {
  'compose.image': (params, context) => composeImage(params, { ...ports, ...places }, context),
  'compose.build-chunked': (params, context) => buildChunked(params, { ...ports, ...places, commitDirectory, readAttributes }, context),
  'compose.encapsulate': (params, context) => encapsulate(params, { ...places, rpm }, context),
  'compose.unencapsulate': (params, context) => unencapsulate(params, openImageSink, context),
};
