// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobHandlers } from '../engine/jobs/index.ts';
import { importLocal, makeLayer } from '../engine/layering/index.ts';
import { OstreeLayerStore } from '../native/ostree/layer-store.ts';
import { ports } from './compose-jobs.ts';

const openStore = (repo: string): OstreeLayerStore => new OstreeLayerStore(repo);

export const layerJobs: Partial<JobHandlers> = {
  'layer.make': (params, context) => makeLayer(params, { ...ports, compose: ports.store, openStore }, context),
  'layer.import-local': async (params, context) => importLocal(params, { rpm: ports.rpm, openStore }, context),
};
