// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../shared/errors/index.ts';
import { packagesOfPkglist } from '../engine/base/diff/index.ts';
import type { LivePort } from '../engine/base/ports/live.ts';
import { applyLive, planLive, type ApplyContext, type OpenLive } from '../engine/host/live/index.ts';
import type { JobContext, JobHandlers, LiveOutcome, LiveParams } from '../engine/jobs/index.ts';
import { isOverlaid, remountWritable } from '../native/linux/mount.ts';
import { copySubpath } from '../native/ostree/checkout.ts';
import { objectReader } from '../native/ostree/object-file.ts';
import { Sysroot, type Repo } from '../native/ostree/index.ts';
import { rpmdbOfCommit } from './db-jobs.ts';
import { runOnMachine } from './run-on-machine.ts';

const livePort = (repo: Repo): LivePort => ({
  unlock() {
    const said = runOnMachine('ostree', ['admin', 'unlock', '--transient']);
    if (said !== undefined) throw new TreelineError('live.overlay', { detail: said });
  },
  makeWritable() {
    // a process with mounts of its own may not see what was laid over it: below is the deployment itself, which stays over restarts
    if (!isOverlaid('/usr')) throw new TreelineError('live.overlay', { detail: 'nothing is laid over /usr here' });
    if (!remountWritable('/usr')) throw new TreelineError('live.overlay', { detail: '/usr can’t be made writable' });
  },
  copyOut: (commit, path, into, lasting) => copySubpath(repo, commit, path, into, lasting),
  packages(checksum) {
    const rows = repo.loadCommit(checksum).value('rpmostree.rpmdb.pkglist', 'a(sssss)');
    return rows ? packagesOfPkglist(rows) : rpmdbOfCommit(repo, checksum, { changelogs: false });
  },
  runOnMachine,
});

const contextOf = (sysroot: Sysroot, context: JobContext): ApplyContext => ({
  ...{ sysroot, context, objects: objectReader },
  now: Math.floor(Date.now() / 1000),
  live: livePort(sysroot.repo),
});

/** See applyLive(). */
export function changeRunning(params: LiveParams, context: JobContext): LiveOutcome {
  const open: OpenLive = (lock, run) => {
    using sysroot = Sysroot.open(params.sysroot);
    if (lock) sysroot.lock();
    return run(contextOf(sysroot, context));
  };
  return applyLive(open, params);
}

/** Throws what changeRunning() would. */
export function requireLive(sysroot: Sysroot, params: LiveParams, context: JobContext): void {
  planLive(contextOf(sysroot, context), params);
}

export const liveJobs: Partial<JobHandlers> = { 'sysroot.apply-live': changeRunning };
