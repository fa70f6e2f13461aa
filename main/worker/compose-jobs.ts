// SPDX-License-Identifier: LGPL-2.1-or-later
import { lastSecond } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import {
  checkTreefile,
  composeTree,
  describeRelease,
  foreignFiles,
  importAll,
  listPackages,
  listReleases,
  listTreefileKeys,
  planCompose,
  type ComposePorts,
  type Importer,
  composeCommit,
  composeExtensions,
  composeInstall,
  composePostprocess,
  composeRootfs,
} from '../engine/compose/build/index.ts';
import { runJob, type JobHandlers } from '../engine/jobs/index.ts';
import { catalog, resolve } from '../native/dnf/index.ts';
import { system } from '../native/linux/index.ts';
import { tryLockFile } from '../native/linux/lock.ts';
import { interpreterNeeds } from '../native/inside/needs.ts';
import { runLua } from '../native/inside/run.ts';
import { composeStore } from '../native/ostree/compose-store.ts';
import { expandScript, rpm } from '../native/rpm/index.ts';

// what a tree's directories are must not depend on who composes it
process.umask(0o022);

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

/** Seconds of SOURCE_DATE_EPOCH (reproducible-builds.org); what can't be a date is refused: the time of now would be a silent surprise. */
function sourceDate(epoch: string | undefined): number | undefined {
  if (epoch === undefined || epoch === '') return undefined;
  if (!/^\d+$/.test(epoch) || Number(epoch) > lastSecond)
    throw new TreelineError('usage.invalid', {
      subject: 'SOURCE_DATE_EPOCH',
      detail: `SOURCE_DATE_EPOCH is “${epoch}”, which isn’t a time in whole seconds since 1970`,
    });
  return Number(epoch);
}

export const ports: ComposePorts = {
  resolve,
  rpm,
  store: composeStore,
  system,
  lock: tryLockFile,
  importer,
  interpreter: (place, workdir) => interpreterNeeds(worker, place, workdir),
  now: () => sourceDate(process.env['SOURCE_DATE_EPOCH']) ?? Math.floor(Date.now() / 1000),
};

export const composeJobs: Partial<JobHandlers> = {
  'compose.tree': (params, context) => composeTree(params, ports, context),
  'compose.install': (params, context) => composeInstall(params, ports, context),
  'compose.rootfs': (params, context) => composeRootfs(params, ports, context),
  'compose.postprocess': (params, context) => composePostprocess(params, ports, context),
  'compose.commit': (params, context) => composeCommit(params, ports, context),
  'compose.extensions': (params, context) => composeExtensions(params, ports, context),
  'compose.keys': () => listTreefileKeys(),
  'compose.check': ({ treefile, text }) => checkTreefile(treefile, text),
  'compose.foreign': ({ treefile, ...composer }) => foreignFiles(treefile, composer),
  'compose.packages': (params) => listPackages(params, catalog),
  'compose.resolve': (params, context) => planCompose(params, ports, context),
  'compose.releases': ({ repo, ref, limit }) => {
    using target = composeStore.openTarget(repo);
    return listReleases(target, ref, limit);
  },
  'compose.release': ({ repo, checksum }) => {
    using target = composeStore.openTarget(repo);
    return describeRelease(target, checksum);
  },
  'compose.create-repo': ({ repo }) => {
    composeStore.createTarget(repo)[Symbol.dispose]();
    return { repo };
  },
  'compose.import': (batch, context) => {
    using cache = composeStore.openCache(batch.cache);
    const packages = batch.packages.map(({ pkg, keys, fingerprint }) => ({
      pkg,
      keys: { fingerprint, keys: keys.map((key) => Buffer.from(key, 'base64')) },
    }));
    importAll(cache, packages, batch.ima, rpm, (nevra) => context.message(nevra));
    return { imported: packages.length };
  },
  'compose.lua': (request) => {
    const status = runLua(request);
    if (status !== 0) throw new TreelineError('compose.script-failed', { subject: request.name, detail: `lua error ${status}` });
    return { status };
  },
  'compose.expand': ({ file, script, flags }) => ({ text: expandScript(file, script, flags) }),
};
