// SPDX-License-Identifier: LGPL-2.1-or-later
import { systemCodeOf, TreelineError } from '../../shared/errors/index.ts';
import type { DeployOutcome, JobContext, JobHandlers, JobParams, SysrootState } from '../engine/jobs/index.ts';
import { bootOnce } from '../engine/host/bootloader/index.ts';
import { noEntries } from '../engine/base/boot/unloadable.ts';
import * as engine from '../engine/host/sysroot/index.ts';
import * as updates from '../engine/host/upgrade/index.ts';
import {
  Commit,
  importFetched,
  keyFileDamage,
  openForLooking,
  openFetched,
  parseSummary,
  reachableObjects,
  remoteSection,
  remotesOf,
  Repo,
  Sysroot,
  verifyGpg,
} from '../native/ostree/index.ts';
import { isImage, layersPath, mediumSource, updateSource } from '../engine/host/source/index.ts';
import type { GpgVerify } from '../engine/base/trust/signatures.ts';
import type { ImageFetchPort } from '../engine/images/fetch-port.ts';
import type { FetchPort } from '../engine/base/ports/fetch.ts';
import { objectReader } from '../native/ostree/object-file.ts';
import { openImageSink } from '../native/ostree/image-objects.ts';
import { remountWritable } from '../native/linux/mount.ts';
import { ProcessFetcher } from './fetcher.ts';
import { imageFetch } from './image-fetch.ts';
import { layerPort } from './layer-port.ts';

const now = (): number => Math.floor(Date.now() / 1000);

/** Open a sysroot, take its lock, run a change. */
function change<T>(path: string, context: JobContext, run: (job: engine.SysrootJob) => T): T {
  using sysroot = Sysroot.open(path);
  sysroot.lock();
  return withNotRemoved(sysroot, context, run({ sysroot, context, objects: objectReader, now: now() }));
}

/** Says what cleaning up after a change couldn't remove, and adds it to the job's result. */
function withNotRemoved<T>({ notRemoved }: Sysroot, context: JobContext, outcome: T): T {
  if (notRemoved.length === 0) return outcome;
  for (const { path, detail } of notRemoved) context.message(`Couldn’t remove ${path}, which nothing uses any more: ${detail}`);
  return { ...outcome, notRemoved };
}

interface UpdateParams {
  readonly sysroot: string;
  readonly osname: string;
  readonly now?: number;
  /** Path of a medium to fetch from instead of the network. */
  readonly medium?: string;
  readonly refspec?: string;
}

/** For jobs that only read what was fetched before. */
const noNetwork: FetchPort = {
  fetch: () => Promise.reject(new TreelineError('not-supported', { subject: 'Fetching in a job that only reads' })),
};

const noImages: ImageFetchPort = {
  registry() {
    throw new TreelineError('not-supported', { subject: 'Asking a registry in a job that only reads' });
  },
  fetchLayers: () => Promise.reject(new TreelineError('not-supported', { subject: 'Fetching in a job that only reads' })),
};

type OpenUpdate = updates.UpgradeContext & { readonly sysroot: Sysroot };

/** What looking for and taking updates works with. */
export async function update<T>(
  params: UpdateParams,
  context: JobContext,
  how: { readonly lock?: boolean; readonly fetcher?: FetchPort; readonly images?: (scratch: string) => ImageFetchPort },
  run: (update: OpenUpdate) => T | Promise<T>,
): Promise<T> {
  using sysroot = Sysroot.open(params.sysroot);
  if (how.lock) sysroot.lock();
  const dir = engine.stateDir(params.sysroot, params.osname || (sysroot.deployments()[0]?.osname ?? ''), sysroot.isBooted);
  const outcome = await run({
    sysroot,
    context,
    objects: objectReader,
    dir,
    layers: layerPort(sysroot, dir, process.argv[1] ?? ''),
    gpg: (remote, data, signatures) => verifyGpg(sysroot.repo, remote, data, signatures),
    parseSummary,
    fetcher: how.fetcher ?? noNetwork,
    images: how.images?.(layersPath(dir)) ?? noImages,
    storedImage: async (checksum) => {
      const { rpmdbOfCommit } = await import('./db-jobs.ts');
      const { storedImage } = await import('../engine/images/jobs/index.ts');
      const { repo } = sysroot;
      const source = { repo, deployments: () => [], package: () => undefined };
      try {
        return storedImage({ ...source, rpmdb: (commit, query) => rpmdbOfCommit(repo, commit, query) }, checksum).image;
      } catch (error) {
        if (error instanceof TreelineError && error.code === 'rpmdb.missing') return undefined;
        throw error;
      }
    },
    openImageSink: () => openImageSink(sysroot.repo.path),
    openRepo: (path) => openFetched(path, sysroot.repo.path),
    importer: { importCommit: (from, checksum, onProgress) => importFetched(sysroot.repo, from, checksum, onProgress) },
    now: params.now ?? now(),
  });
  return how.lock ? withNotRemoved(sysroot, context, outcome) : outcome;
}

/**
 * With a process that fetches. It is started first: it gets ready while the sysroot is read; not for what stays on its base, which fetches only to mend
 * a damaged one. This very file is its program too.
 */
export async function online<T>(
  params: UpdateParams & { readonly noPullBase?: boolean },
  context: JobContext,
  lock: boolean,
  run: (update: OpenUpdate) => Promise<T>,
): Promise<T> {
  if (params.medium !== undefined) return await fromMedium(params, params.medium, context, lock, run);
  using fetcher = new ProcessFetcher(process.argv[1] ?? '', repoPath(params), { start: params.noPullBase ? 'when-needed' : 'at-once' });
  if (fetcher.privileged && !params.noPullBase)
    context.message('Fetching with root’s rights: other users can’t read Treeline’s program or the repository');
  return await update(params, context, { lock, fetcher, images: (scratch) => imageFetch(fetcher, scratch) }, run);
}

const repoPath = (params: { readonly sysroot: string }): string => `${params.sysroot.replace(/\/$/, '')}/ostree/repo`;

/** The medium is found first; the process that reads it inherits it as an open descriptor. */
function fromMedium<T>(
  params: UpdateParams,
  medium: string,
  context: JobContext,
  lock: boolean,
  run: (update: OpenUpdate) => Promise<T>,
): Promise<T> {
  return update(params, context, { lock }, async (u) => {
    const source = updateSource(u.sysroot, params.osname, params.refspec);
    if (isImage(source)) throw new TreelineError('not-supported', { subject: `Taking ${source.refspec} from a medium` });
    const found = mediumSource(u.sysroot, params.osname, source, medium, (checksum, bytes) => new Commit(checksum, bytes, 'partial'));
    using fetcher = new ProcessFetcher(process.argv[1] ?? '', repoPath(params), { medium: found.path });
    return await run({ ...u, fetcher, medium: found });
  });
}

/** What libostree tells; else what the files do, with the reason. */
function loadSysroot({ sysroot: path, crashed }: JobParams<'sysroot.load'>): SysrootState {
  let problem: TreelineError;
  try {
    if (crashed) throw new TreelineError('sysroot.unloadable', { subject: path, detail: crashed.detail ?? crashed.code });
    using sysroot = Sysroot.open(path);
    const gpg: GpgVerify = (remote, data, signatures) => verifyGpg(sysroot.repo, remote, data, signatures);
    return engine.loadState(sysroot, gpg, sysroot.problem ?? noEntries(path, sysroot));
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code === 'sysroot.invalid') throw error;
    problem = error;
  }
  using repo = openForLooking(repoPath({ sysroot: path }), problem);
  const gpg: GpgVerify = (remote, data, signatures) => {
    // nothing is remembered of what couldn't be looked at
    if (!(repo instanceof Repo)) throw problem;
    return verifyGpg(repo, remote, data, signatures);
  };
  return engine.loadState(engine.sysrootFromFiles(path, repo, problem), gpg, problem);
}

function repair(path: string, context: JobContext): DeployOutcome {
  const problem = (): TreelineError | undefined => {
    try {
      using sysroot = Sysroot.open(path, { cover: false });
      return noEntries(path, sysroot);
    } catch (error) {
      if (error instanceof TreelineError) return error;
      throw error;
    }
  };
  return onWritable(path, () => engine.repairSysroot(path, { problem, remoteSection, remotesOf }, context));
}

/** libostree would make a read-only /sysroot and /boot writable for itself, but it doesn't load this system. */
function onWritable<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (path !== '/' || systemCodeOf(error) !== 'EROFS') throw error;
    for (const place of ['/sysroot', '/boot']) remountWritable(place);
    return run();
  }
}

/** What can't come into the running system isn't deployed either. */
async function upgradeRunning(params: JobParams<'update.upgrade'>, context: JobContext): Promise<DeployOutcome> {
  const { changeRunning, requireLive } = await import('./live-jobs.ts');
  const { sysroot, osname, dryRun, downloadOnly } = params;
  const done = await online(params, context, true, (u) =>
    updates.upgrade({ ...u, beforeDeploy: (target) => requireLive(u.sysroot, { sysroot, osname, target }, context) }, params),
  );
  if (dryRun || downloadOnly) return done;
  try {
    const live = changeRunning({ sysroot, osname }, context);
    return { ...done, changed: done.changed || live.changed };
  } catch (error) {
    // what is asked for runs already
    if (!done.changed && error instanceof TreelineError && error.code === 'live.nothing-pending') return done;
    throw error;
  }
}

export const sysrootJobs: Partial<JobHandlers> = {
  'sysroot.load': (p) => loadSysroot(p),
  'update.check': (p, context) => online(p, context, false, (u) => updates.check(u, p.osname)),
  'update.cached': (p, context) => update(p, context, {}, (u) => updates.cachedCheck(u, p.osname)),
  'update.upgrade': (p, context) => (p.applyLive ? upgradeRunning(p, context) : online(p, context, true, (u) => updates.upgrade(u, p))),
  'sysroot.disk-use'({ sysroot: path }) {
    using sysroot = Sysroot.open(path);
    return engine.diskUse(sysroot, (checksum) => reachableObjects(sysroot.repo, checksum));
  },
  'sysroot.rollback': (p, context) => change(p.sysroot, context, (job) => engine.rollback(job, p.osname)),
  'sysroot.set-default': (p, context) => change(p.sysroot, context, (job) => engine.setDefault(job, p.deploymentId)),
  'sysroot.clear-rollback-target': (p, context) => change(p.sysroot, context, (job) => engine.clearRollbackTarget(job, p.osname)),
  'sysroot.boot-once': (p, context) => change(p.sysroot, context, (job) => bootOnce(job, p.deploymentId)),
  'sysroot.repair-origin'(p, context) {
    using repo = Repo.open(repoPath(p));
    return onWritable(p.sysroot, () => engine.repairOrigin(p, { damage: keyFileDamage, repo }, context));
  },
  'sysroot.repair': (p, context) => repair(p.sysroot, context),
  'sysroot.pin': (p, context) => change(p.sysroot, context, (job) => engine.pin(job, p.deploymentId, p.pinned)),
  'sysroot.undeploy': (p, context) => change(p.sysroot, context, (job) => engine.undeploy(job, p.deploymentId)),
  'sysroot.cleanup': (p, context) => change(p.sysroot, context, (job) => engine.cleanup(job, p.osname, p.elements)),
  'sysroot.initramfs-etc': (p, context) => change(p.sysroot, context, (job) => engine.setInitramfsEtc(job, p)),
  'sysroot.kargs': (p, context) => change(p.sysroot, context, (job) => engine.setKargs(job, p)),
  'sysroot.fix-shadow-perms': (p, context) => change(p.sysroot, context, engine.fixShadowModes),
  'sysroot.finalize': (p, context) => change(p.sysroot, context, (job) => engine.finalize(job, p.osname, p)),
};
