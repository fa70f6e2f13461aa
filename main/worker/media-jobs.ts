// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { createMedium, currentOf, scanMedia } from '../engine/host/media/index.ts';
import { Commit, mediumWriter, Repo, Sysroot } from '../native/ostree/index.ts';

/** The branches that are a repository's own. Whose system it belongs to, and which branch that follows, is the caller's business. */
const ownRefs = (repo: Repo): string[] =>
  [...repo.listRefs().keys()].filter((refspec) => !refspec.includes(':') && !refspec.startsWith('treeline/'));

export const mediaJobs: Partial<JobHandlers> = {
  'media.create'(p, context) {
    using repo = Repo.open(path.resolve(p.repo || '/ostree/repo'));
    return context.task(`Writing ${p.target}`, () => createMedium(repo, mediumWriter(repo), p, ownRefs(repo)));
  },
  'media.scan'(p, context) {
    using sysroot = Sysroot.open(p.sysroot);
    const parse = (checksum: string, bytes: Buffer): Commit => new Commit(checksum, bytes, 'partial');
    return scanMedia(p.paths, currentOf(sysroot, p.osname), parse, (where, why) => context.message(`${where}: ${why}`));
  },
};
