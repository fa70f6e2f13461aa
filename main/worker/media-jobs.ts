// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { createMedium, currentOf, scanMedia } from '../engine/media/index.ts';
import { readOrigin } from '../engine/sysroot/index.ts';
import { Commit, mediumWriter, Repo, Sysroot } from '../native/ostree/index.ts';

/** A system's repository: the branch it follows. Another one: the branches that are its own. */
function defaultRefs(repo: Repo): string[] {
  const sysrootPath = path.dirname(path.dirname(repo.path));
  if (repo.path.endsWith('/ostree/repo') && existsSync(path.join(sysrootPath, 'ostree/deploy'))) {
    using sysroot = Sysroot.open(sysrootPath);
    const all = sysroot.deployments().filter((d) => !d.staged);
    const refspec = readOrigin((all.find((d) => d.booted) ?? all[0])?.originText, () => true).refspec;
    return refspec === '' ? [] : [refspec];
  }
  return [...repo.listRefs().keys()].filter((refspec) => !refspec.includes(':') && !refspec.startsWith('treeline/'));
}

export const mediaJobs: Partial<JobHandlers> = {
  'media.create'(p, context) {
    using repo = Repo.open(path.resolve(p.repo || '/ostree/repo'));
    return context.task(`Writing ${p.target}`, () => createMedium(repo, mediumWriter(repo), p, defaultRefs(repo)));
  },
  'media.scan'(p, context) {
    using sysroot = Sysroot.open(p.sysroot);
    const parse = (checksum: string, bytes: Buffer): Commit => new Commit(checksum, bytes, 'partial');
    return scanMedia(p.paths, currentOf(sysroot, p.osname), parse, (where, why) => context.message(`${where}: ${why}`));
  },
};
