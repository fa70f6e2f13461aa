// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { UpdatePlan } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { TreeReader } from '../../base/commits/tree-reader.ts';
import type { LayerPort } from '../../base/ports/layers.ts';
import type { CopyPart } from '../../base/ports/review.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { withFetched } from '../source/context.ts';
import { fetchDirectories } from '../source/directories.ts';
import { updateTarget } from '../source/last-check.ts';
import { isImage, requireNothingLost, updateSource } from '../source/source.ts';
import { describeUpdate } from './check.ts';
import type { UpdateJobs } from './params.ts';
import type { DetailsContext } from './preview.ts';
import { requireRpmdb, rpmdbDirectories } from './rpmdb-details.ts';
import { contentOf, originFor } from './upgrade.ts';

export interface PlanContext extends DetailsContext {
  readonly layers: LayerPort;
  readonly copyPart: CopyPart;
}

/** By these $releasever of package repositories is told. */
const osRelease = 'usr/lib/os-release';

/**
 * Job update.plan: what of this machine's own comes onto the update, before more of it is fetched than its commit and its RPM database. That something doesn't
 * fit is a result. Throws `update.none`, `repo.*`, `origin.*`, `rpmmd.*`.
 */
export async function planUpdate(context: PlanContext, params: UpdateJobs['update.plan']['params']): Promise<UpdatePlan> {
  const { osname, recommends, cacheOnly } = params;
  const source = updateSource(context.sysroot, osname);
  requireNothingLost(source);
  const checksum = updateTarget(context, source, params.checksum);
  const originText = context.layers.change(originFor(source, { kind: 'newest' }, checksum), {});
  if (!context.layers.wanted(originText)) return { checksum };
  // its database comes with its layers
  if (isImage(source) && !context.sysroot.repo.hasObject('commit', checksum))
    throw new TreelineError('not-supported', { subject: 'Telling what comes onto an image before it is downloaded' });
  const version = withFetched(context, (repo) => {
    const to = repo.loadCommit(checksum);
    // nothing of it is read before it has proven whose it is
    describeUpdate(context, repo, source, to, true);
    return to.version;
  });
  if (context.sysroot.repo.tryLoadCommit(checksum)?.state !== 'normal')
    await context.context.task('Fetching the RPM database', () =>
      fetchDirectories(context, source, checksum, [...rpmdbDirectories, `/${osRelease}`]),
    );
  const database = mkdtempSync(path.join(tmpdir(), 'treeline-plan-'));
  try {
    withFetched(context, (repo) => copyParts(context, repo, repo.loadCommit(checksum), database));
    const request = {
      ...{ osname, base: checksum, version, database, originText, current: source.newest.checksum },
      ...{ newRequests: [], allowInactive: true, dryRun: true, recommends: recommends ?? true, cacheOnly: cacheOnly ?? false },
    };
    return { checksum, layer: contentOf(await context.layers.make(request, context.context, () => undefined)) };
  } catch (error) {
    if (!(error instanceof TreelineError) || !/^(layer|package)\./.test(error.code)) throw error;
    return { checksum, problem: error.report };
  } finally {
    rmSync(database, { recursive: true, force: true });
  }
}

/** Verified before, as everything that was fetched; a copy, which nobody changes while it is read. */
function copyParts(context: PlanContext, repo: RepoPort, commit: CommitPort, target: string): void {
  const reader = new TreeReader(repo, context.sysroot.repo, context.objects);
  requireRpmdb(reader, commit);
  const lib = reader.find(commit, ['usr', 'lib']);
  const release = lib && reader.directory(lib.tree).files.get('os-release');
  if (release !== undefined && reader.tryFile(release)?.type === 'file') {
    mkdirSync(path.join(target, 'usr/lib'), { recursive: true });
    context.copyPart(repo, commit.checksum, osRelease, path.join(target, 'usr/lib'));
  }
  for (const place of rpmdbDirectories) {
    if (!reader.find(commit, place.split('/').slice(1))) continue;
    const directory = path.join(target, place);
    mkdirSync(directory, { recursive: true });
    context.copyPart(repo, commit.checksum, place.slice(1), directory);
  }
}
