// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { CommitRootfsParams, ComposeOutcome } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import { lockRepo } from '../publish/lock.ts';
import { branchOf, commitTree } from './commit-tree.ts';
import { findPrevious, requireRoot, versionOf, writeOutcome, type ComposePorts } from './compose.ts';
import { isPostprocessed, postprocessRoot } from './install.ts';
import { earlierThanParent } from './parent-time.ts';
import { rpmdbPath } from './postprocess.ts';
import { Tree } from '../../base/tree/index.ts';
import { kernelVersions } from './kernel.ts';
import { etcForTree, requireTree, readState } from './rootfs.ts';
import { policyOf } from './selinux.ts';
import { Steps } from './steps.ts';
import { loadTreefile } from '../treefile/treefile.ts';
import { openCachedir, packageCacheIn, Workdir } from './workdir.ts';

/** `compose commit`: a directory, which is postprocessed if that wasn't done yet, becomes a commit of the treefile's branch. Its packages are read from its RPM database. */
export async function composeCommit(params: CommitRootfsParams, ports: ComposePorts, context: JobContext): Promise<ComposeOutcome> {
  requireRoot();
  const steps = new Steps(context);
  const treefile = loadTreefile(params.treefile, undefined, { packages: false });
  const root = path.resolve(params.rootfs);
  requireTree(root);
  using tree = new Tree(root, { system: ports.system });
  etcForTree(tree);
  using target = ports.store.openTarget(path.resolve(params.repo));
  const cachedir = openCachedir(params.cachedir);
  const lock = (place: string): Promise<Disposable> =>
    lockRepo(place, `compose of ${treefile.ref || path.basename(treefile.path)}`, params.noWait ?? false, ports.lock, context);
  using _cache = await lock(cachedir);
  using _target = await lock(target.path);
  const previous = findPrevious(params, treefile, target);
  const state = readState(root);
  const timeSeconds = ports.now();
  const earlier = earlierThanParent(timeSeconds, previous);
  if (earlier !== undefined) context.message(earlier);
  const version = state?.version ?? versionOf(treefile, params, previous, timeSeconds);
  // straight from compose install
  if (!isPostprocessed(root)) postprocessRoot(root, treefile, version, ports, context);
  tree.forget();
  const database = tree.plainPath('rpmdb', rpmdbPath.slice(1), 'directory');
  const headers =
    database === undefined ? [] : ports.rpm.readRpmdb({ root, dbPath: path.join('/', path.relative(root, database)), changelogs: true });
  if (treefile.selinux && policyOf(tree, ports.store) === undefined)
    throw new TreelineError('compose.no-selinux-policy', {
      ...treefile.placeOf('selinux'),
      file: treefile.placeOf('selinux')?.file ?? treefile.path,
    });
  using cache = ports.store.openCache(packageCacheIn(cachedir));
  using workdir = new Workdir(path.resolve(params.workdir ?? cachedir), ports.lock);
  // somebody may have edited the tree: never the hash of what a compose of the treefile makes
  const inputhash = createHash('sha256')
    .update(`rootfs ${state?.inputhash ?? ''} ${timeSeconds}`)
    .digest('hex');
  const compose = {
    params,
    treefile,
    ports,
    context,
    steps,
    target,
    cache,
    workdir: workdir.path,
    previous,
    version,
    inputhash,
    timeSeconds,
    headers,
    resolution: {
      repos: state?.repos ?? [],
      advisories: (older?: boolean) => [...((older ? state?.allAdvisories : state?.advisories) ?? [])],
    },
  };
  const committed = await commitTree(compose, { root, kernel: kernelVersions(tree)[0] });
  writeOutcome(compose, committed);
  const packageCount = headers.length;
  const { checksum } = committed;
  return {
    changed: true,
    checksum,
    ref: branchOf(compose),
    version,
    inputhash,
    packageCount,
    imported: 0,
    cached: 0,
    seconds: steps.seconds,
  };
}
