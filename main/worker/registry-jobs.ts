// SPDX-License-Identifier: LGPL-2.1-or-later
import { statfsSync } from 'node:fs';
import path from 'node:path';
import {
  followedImage,
  openRegistry,
  parseRegistryImage,
  previewImage,
  publishedVersions,
  pullImage,
  registryImageText,
  storedImage,
  trustedImage,
  withTrust,
} from '../engine/images/jobs/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { withSource } from './db-jobs.ts';
import { openImageSink } from '../native/ostree/image-objects.ts';

export const registryJobs: Partial<JobHandlers> = {
  'image.preview': async (params) => {
    const stored = withSource(params, (source) => storedImage(source, params.compareWith));
    const asked = params.image === undefined ? followedImage(stored) : parseRegistryImage(params.image);
    const signed = params.signed ?? (params.image === undefined && stored.followed?.startsWith('ostree-image-signed:') === true);
    const { bsize, bavail } = statfsSync(params.repo ?? params.sysroot ?? '/');
    const registry = openRegistry(params);
    try {
      const { image, trust } = await trustedImage(registry, asked, { ...params, signed });
      const { details } = await previewImage(registry, image, stored.image, {
        reference: registryImageText(asked),
        wanted: params.exact ? 'exact' : 'quick',
        nowSeconds: Math.floor(Date.now() / 1000),
        freeBytes: bsize * bavail,
        bootedChecksum: stored.checksum,
      });
      return withTrust(details, trust);
    } finally {
      await registry.close();
    }
  },

  'image.versions': async (params) => {
    const stored = params.image === undefined ? withSource(params, (source) => storedImage(source, params.compareWith)) : undefined;
    const image = stored ? followedImage(stored) : parseRegistryImage(params.image ?? '');
    const registry = openRegistry(params);
    try {
      const { limit, pattern } = params;
      const found = await publishedVersions(registry, image, { limit, ...(pattern === undefined ? {} : { pattern }) });
      return stored?.image.digest ? { ...found, here: stored.image.digest } : found;
    } finally {
      await registry.close();
    }
  },

  'image.pull': async (params, context) => {
    const asked = parseRegistryImage(params.image);
    const registry = openRegistry(params);
    try {
      // before anything of it is taken
      const { image, trust } = await trustedImage(registry, asked, params);
      using sink = openImageSink(params.repo);
      // beside the objects: on one file system, and of whoever owns the repository
      const arrived = path.join(params.repo, 'tmp/treeline-layers');
      return { ...(await pullImage(registry, image, registryImageText(asked), sink, arrived, context)), trust };
    } finally {
      await registry.close();
    }
  },
};
