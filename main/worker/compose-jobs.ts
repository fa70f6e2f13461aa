import { TreelineError } from '../../shared/errors/index.ts';
import { composeTree, importAll, type ComposePorts, type Importer } from '../engine/compose/index.ts';
import { runJob, type JobHandlers } from '../engine/jobs/index.ts';
import { resolve } from '../native/dnf/index.ts';
import { system } from '../native/linux/index.ts';
import { runLua } from '../native/lua/run.ts';
import { composeStore } from '../native/ostree/compose-store.ts';
import { rpm } from '../native/rpm/index.ts';

/** This file's own bundle: scripts and imports run in further workers. */
const worker = process.argv[1] ?? '';

const importer: Importer = async (batch, imported) => {
  await runJob('compose.import', batch, {
    worker,
    onEvent: (event) => {
      if (event.type === 'message') imported(event.text);
    },
  }).done;
};

const ports: ComposePorts = {
  resolve,
  rpm,
  store: composeStore,
  system,
  importer,
  lua: { program: process.execPath, args: [worker], input: (request) => JSON.stringify({ job: 'compose.lua', params: request }) },
  now: () => {
    const epoch = process.env['SOURCE_DATE_EPOCH'];
    return epoch && /^\d+$/.test(epoch) ? Number(epoch) : Math.floor(Date.now() / 1000);
  },
};

export const composeJobs: Partial<JobHandlers> = {
  'compose.tree': (params, context) => composeTree(params, ports, context),
  'compose.import': (batch, context) => {
    using cache = composeStore.openCache(batch.cache);
    const packages = batch.packages.map(({ pkg, keys, fingerprint }) => ({
      pkg,
      keys: { fingerprint, keys: keys.map((key) => Buffer.from(key, 'base64')) },
    }));
    importAll(cache, packages, rpm, (nevra) => context.message(nevra));
    return { imported: packages.length };
  },
  'compose.lua': (request) => {
    const status = runLua(request);
    if (status !== 0) throw new TreelineError('compose.script-failed', { subject: request.name, detail: `lua error ${status}` });
    return { status };
  },
};
