// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import { lockRepo, mirror, promote, pruneRepo, verifyRepo, writeDeltas, writeSummary } from '../engine/compose/publish/index.ts';
import type { JobContext, JobHandlers } from '../engine/jobs/index.ts';
import type { MirrorRepo } from '../engine/base/ports/publish.ts';
import { tryLockFile } from '../native/linux/lock.ts';
import { openOrCreateArchive, openPublishRepo } from '../native/ostree/publish-repo.ts';

interface Writing {
  readonly repo: string;
  readonly noWait?: boolean;
}

/** Run with the repository open and its writer's lock held. */
async function writing<T>(
  params: Writing,
  what: string,
  context: JobContext,
  run: (repo: MirrorRepo) => T | Promise<T>,
  open = openPublishRepo,
): Promise<T> {
  const place = path.resolve(params.repo);
  using repo = open(place);
  repo.requireWritable();
  using _lock = await lockRepo(place, what, params.noWait ?? false, tryLockFile, context);
  return await run(repo);
}

export const repoJobs: Partial<JobHandlers> = {
  'repo.summary': (p, context) => writing(p, 'treeline repo summary', context, (repo) => writeSummary(repo, p)),
  'repo.delta': (p, context) => writing(p, 'treeline repo delta', context, (repo) => writeDeltas(repo, p, context)),
  'repo.promote': (p, context) => writing(p, 'treeline repo promote', context, (repo) => promote(repo, p)),
  'repo.prune'(p, context) {
    const nowSeconds = Math.floor(Date.now() / 1000);
    if (!p.dryRun) return writing(p, 'treeline repo prune', context, (repo) => pruneRepo(repo, p, nowSeconds));
    using repo = openPublishRepo(p.repo);
    return pruneRepo(repo, p, nowSeconds);
  },
  'repo.mirror': (p, context) => {
    const made = !existsSync(path.join(p.repo, 'config'));
    if (made) context.message(`Making ${p.repo}`);
    return writing(p, 'treeline repo mirror', context, (repo) => mirror(repo, p, context), openOrCreateArchive);
  },
  'repo.verify'(p, context) {
    using repo = openPublishRepo(p.repo);
    return verifyRepo(repo, p, context);
  },
};
