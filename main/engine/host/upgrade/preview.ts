// SPDX-License-Identifier: LGPL-2.1-or-later
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { UpdateJobs } from './params.ts';
import { fetchDirectories } from '../source/directories.ts';
import { describeUpdate, updateDetails } from './check.ts';
import { saveDetails } from './found-update.ts';
import { isBase } from './image-update.ts';
import { lookAtImage } from '../source/look-at-image.ts';
import { updateTarget } from '../source/last-check.ts';
import { withFetched, type UpdateContext } from '../source/context.ts';
import { fetchCommits } from '../source/fetched.ts';
import { rpmdbDirectories, withRpmdb, type RpmdbAccess } from './rpmdb-details.ts';
import { isImage, parseRevision, requireNothingLost, updateSource, type Source } from '../source/source.ts';

export interface DetailsContext extends UpdateContext, RpmdbAccess {
  readonly context: JobContext;
}

/**
 * Job update.preview: what another branch, version or commit would change against the booted system. Fetches commit objects only (and the
 * RPM database when asked for). Nothing is remembered as the pending update. Throws `update.none` for what is booted, `repo.*`, `origin.*`.
 */
export async function previewUpdate(context: DetailsContext, params: UpdateJobs['update.preview']['params']): Promise<UpdateDetails> {
  const source = updateSource(context.sysroot, params.osname, params.refspec);
  requireNothingLost(source);
  const revision = parseRevision(params.revision);
  if (isImage(source)) {
    const { details } = await context.context.task(`Looking at ${params.revision || source.refspec}`, () =>
      lookAtImage(context, source, revision),
    );
    if (isBase(context, source, details.toChecksum)) throw new TreelineError('update.none', { subject: params.osname });
    return details;
  }
  const { checksum } = await context.context.task(`Looking at ${params.revision || source.refspec}`, () =>
    fetchCommits(context, source, revision),
  );
  if (checksum === source.baseChecksum) throw new TreelineError('update.none', { subject: params.osname });
  return await enriched(context, source, checksum, params.fetchRpmdb ?? false, revision.kind === 'checksum');
}

/** Job update.details: as updateDetails, with the RPM database where the commits don't say what they change. */
export async function fullDetails(context: DetailsContext, params: UpdateJobs['update.details']['params']): Promise<UpdateDetails> {
  const known = updateDetails(context, params.osname, params.checksum);
  if (known.source === 'treeline.changes' || known.source === 'rpmdb') return known;
  const source = updateSource(context.sysroot, params.osname);
  const target = updateTarget(context, source, known.toChecksum);
  if (isImage(source)) {
    if (!context.sysroot.repo.hasObject('commit', target)) return known;
    const exact = await enriched(context, source, target, false, true);
    const { rpmdbBytes: _, ...rest } = exact.source === 'rpmdb' ? exact : known;
    return { ...rest, ...(known.image ? { image: { ...known.image, tier: rest.source === 'rpmdb' ? 'rpmdb' : known.image.tier } } : {}) };
  }
  const details = await enriched(context, source, target, params.fetchRpmdb ?? false, true);
  // what was fetched once is worth keeping: the commits are pruned after the update
  if (params.fetchRpmdb && details.source === 'rpmdb') saveDetails(context, details);
  return details;
}

async function enriched(
  context: DetailsContext,
  source: Source,
  checksum: string,
  fetchRpmdb: boolean,
  anyBranch: boolean,
): Promise<UpdateDetails> {
  const look = (): UpdateDetails =>
    withFetched(context, (repo) => {
      const to = repo.loadCommit(checksum);
      const from = context.sysroot.repo.tryLoadCommit(source.baseChecksum);
      return withRpmdb(context, repo, context.sysroot.repo, describeUpdate(context, repo, source, to, anyBranch), from, to);
    });
  const details = look();
  if (!fetchRpmdb || details.rpmdbBytes === undefined) return details;
  await context.context.task('Fetching the RPM database', () => fetchDirectories(context, source, checksum, rpmdbDirectories));
  return look();
}
