// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { openRegistry, parseRegistryImage, pullImage, registryImageText } from '../engine/images/jobs/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { openImageSink } from '../native/ostree/image-objects.ts';

export const registryJobs: Partial<JobHandlers> = {
  'image.pull': async (params, context) => {
    const image = parseRegistryImage(params.image);
    const registry = openRegistry(params);
    try {
      using sink = openImageSink(params.repo);
      // beside the objects: on one file system, and of whoever owns the repository
      const arrived = path.join(params.repo, 'tmp/treeline-layers');
      return await pullImage(registry, image, registryImageText(image), sink, arrived, context);
    } finally {
      await registry.close();
    }
  },
};
