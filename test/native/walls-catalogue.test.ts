// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import type { JobName } from '../../main/engine/jobs/index.ts';
import { walled } from '../../main/engine/jobs/walls/decisions.ts';
import { composeJobs } from '../../main/worker/compose-jobs.ts';
import { dbJobs } from '../../main/worker/db-jobs.ts';
import { diskJobs } from '../../main/worker/disk-jobs.ts';
import { imageJobs } from '../../main/worker/image-jobs.ts';
import { layerJobs } from '../../main/worker/layer-jobs.ts';
import { liveJobs } from '../../main/worker/live-jobs.ts';
import { mediaJobs } from '../../main/worker/media-jobs.ts';
import { packageRepoJobs } from '../../main/worker/package-repo-jobs.ts';
import { registryJobs } from '../../main/worker/registry-jobs.ts';
import { remoteJobs } from '../../main/worker/remote-jobs.ts';
import { repoJobs } from '../../main/worker/repo-jobs.ts';
import { reviewJobs } from '../../main/worker/review-jobs.ts';
import { sysrootJobs } from '../../main/worker/sysroot-jobs.ts';

const groups = [
  composeJobs,
  dbJobs,
  diskJobs,
  imageJobs,
  layerJobs,
  liveJobs,
  mediaJobs,
  packageRepoJobs,
  registryJobs,
  remoteJobs,
  repoJobs,
  reviewJobs,
  sysrootJobs,
];
const jobs = groups.flatMap((group) => Object.keys(group)) as JobName[];

describe('the catalogue', () => {
  test('says of every job that a worker runs whether it has walls, or why not, in one line', () => {
    expect(Object.keys(walled).sort()).toEqual([...jobs].sort());
    for (const reason of Object.values(walled)) if (reason !== true) expect(reason).toMatch(/^\S[^\n]{10,159}$/);
  });

  test('has none without walls that unpacks, reads a stick or runs programs of others', () => {
    const open = jobs.filter((job) => walled[job] !== true).filter((job) => /^(compose|disk|layer|media|packages)\./.test(job));
    // whoever adds one here says why in jobs/walls/decisions.ts
    expect(open.sort()).toEqual([
      'compose.check',
      'compose.create-repo',
      'compose.expand',
      'compose.foreign',
      'compose.import',
      'compose.keys',
      'compose.lua',
      'compose.release',
      'compose.releases',
      'media.scan',
      'packages.import-key',
      'packages.modify-repo',
      'packages.repos',
    ]);
  });
});
