// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import type { JobContext, JobHandlers } from '../engine/jobs/index.ts';
import type { CopyPart, ReadCommitRpmdb } from '../engine/base/ports/review.ts';
import type { RepoPort } from '../engine/base/ports/sysroot.ts';
import * as review from '../engine/host/review/index.ts';
import { fullDetails, planUpdate, previewUpdate, type RpmdbAccess, type UpgradeContext } from '../engine/host/upgrade/index.ts';
import { ownAttributes } from '../native/linux/xattr.ts';
import { checkoutSubpath, copySubpath } from '../native/ostree/checkout.ts';
import { objectReader } from '../native/ostree/object-file.ts';
import { Sysroot, type Repo } from '../native/ostree/index.ts';
import { libostreeDoes } from '../native/ostree/since.ts';
import { rpmdbOfCommit } from './db-jobs.ts';
import { runOnMachine } from './run-on-machine.ts';
import { online, update } from './sysroot-jobs.ts';

/** Workers open no others. */
const own = (repo: RepoPort): Repo => repo as Repo;
const readRpmdb: ReadCommitRpmdb = (repo, checksum, query) => rpmdbOfCommit(own(repo), checksum, query);

const copyPart: CopyPart = (repo, checksum, part, directory) => checkoutSubpath(own(repo), checksum, part, directory);

const access: RpmdbAccess & Pick<review.ReviewContext, 'ownAttributes' | 'passesOverPipes'> = {
  objects: objectReader,
  readRpmdb,
  ownAttributes,
  passesOverPipes: () => libostreeDoes('mergePassesOverPipes'),
};

const withAccess = (u: UpgradeContext): UpgradeContext & typeof access => ({ ...u, ...access });

/** Jobs that only read need no stateroot: commits are named. */
function reading<T>(
  params: { readonly sysroot: string; readonly osname?: string },
  context: JobContext,
  run: (r: review.ReviewContext) => T,
): Promise<T> {
  return update({ osname: '', ...params }, context, {}, (u) => run(withAccess(u)));
}

/** Files below /usr/etc are labelled as those of /usr. */
const relabel = (file: string): string | undefined =>
  existsSync('/sys/fs/selinux/enforce') ? runOnMachine('restorecon', ['-F', '-R', file]) : undefined;

export const reviewJobs: Partial<JobHandlers> = {
  'review.summary': (p, context) => reading(p, context, (r) => review.reviewSummary(r, p)),
  'review.etc': (p, context) => reading(p, context, (r) => review.etcPreview(r, p)),
  'review.etc-file': (p, context) => reading(p, context, (r) => review.etcFile(r, p)),
  'review.etc-drift'(p) {
    using sysroot = Sysroot.open(p.sysroot);
    return review.etcDrift({ sysroot, objects: objectReader }, p);
  },
  'review.etc-own-file'(p) {
    using sysroot = Sysroot.open(p.sysroot);
    return review.etcOwnFile({ sysroot, objects: objectReader }, p);
  },
  'review.restore-etc'(p, context) {
    using sysroot = Sysroot.open(p.sysroot);
    const { repo } = sysroot;
    return review.restoreEtc({ sysroot, context, relabel, copyOut: (...request) => copySubpath(repo, ...request) }, p);
  },
  'review.fetch': (p, context) => online(p, context, false, (u) => review.fetchReview(withAccess(u), p)),
  'review.tree': (p, context) => reading(p, context, (r) => review.treeDiff(r, p)),
  'review.file': (p, context) => reading(p, context, (r) => review.treeFile(r, p)),
  'update.preview': (p, context) => online(p, context, false, (u) => previewUpdate(withAccess(u), p)),
  'update.plan': (p, context) => online(p, context, false, (u) => planUpdate({ ...withAccess(u), copyPart }, p)),
  'update.details': (p, context) =>
    p.fetchRpmdb
      ? online(p, context, false, (u) => fullDetails(withAccess(u), p))
      : update(p, context, {}, (u) => fullDetails(withAccess(u), p)),
};
