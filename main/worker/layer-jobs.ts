// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobHandlers } from '../engine/jobs/index.ts';
import { makeLayer } from '../engine/layering/index.ts';
import { OstreeLayerStore } from '../native/ostree/layer-store.ts';
import { ports } from './compose-jobs.ts';

export const layerJobs: Partial<JobHandlers> = {
  'layer.make': (params, context) =>
    makeLayer(params, { ...ports, compose: ports.store, openStore: (repo) => new OstreeLayerStore(repo) }, context),
};
