// SPDX-License-Identifier: LGPL-2.1-or-later
import { statfsSync } from 'node:fs';
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import { TreelineError, type ErrorCode } from '../../../../shared/errors/index.ts';
import { fetchRepoPath } from '../source/context.ts';
import { fetchRequest } from '../source/fetched.ts';
import { isImage, type Source } from '../source/source.ts';
import { damagedError } from '../sysroot/whole-commit.ts';
import { requireBootRoom } from './boot-room.ts';
import type { WeightedProgress } from './progress.ts';
import { fetchThroughDrops } from './retry.ts';
import type { UpgradeContext, UpgradeParams } from './upgrade.ts';

/** File system blocks, temporary files, the new deployment's directories. */
const diskMarginBytes = 16 << 20;

export function complete(context: UpgradeContext, checksum: string): boolean {
  return context.sysroot.repo.tryLoadCommit(checksum)?.state === 'normal';
}

/** Throws `disk.full` before anything is fetched, where the sizes are known. */
export function requireDiskSpace(context: UpgradeContext, details: Pick<UpdateDetails, 'sizes'>): void {
  if (!details.sizes?.downloadExact) return;
  const { diskBytes, downloadBytes } = details.sizes;
  const { bavail, bsize } = statfsSync(context.sysroot.path);
  const needBytes = diskBytes + downloadBytes + diskMarginBytes;
  const freeBytes = bavail * bsize;
  if (freeBytes < needBytes) {
    const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
    throw new TreelineError('disk.full', {
      subject: context.sysroot.path,
      detail: `${mb(needBytes)} are needed, ${mb(freeBytes)} are free`,
      facts: { needBytes, freeBytes },
    });
  }
}

/** The content of a delta came with its commit. */
export function isOnline(context: UpgradeContext, source: Source, params: UpgradeParams): boolean {
  return !params.cacheOnly && (source.remote !== '' || isImage(source)) && context.medium?.kind !== 'delta';
}

/** What libostree says when it comes upon damaged objects of the sysroot, or looks for what these name. */
export const maybeLocalDamage: readonly ErrorCode[] = [
  'repo.corrupt',
  'repo.garbage',
  'repo.not-found',
  'repo.revision-not-found',
  'internal.unexpected',
];

/**
 * Fetch anew what is damaged in the sysroot's repository of the commit and of what deployments share with it, once. Throws `error` when
 * nothing is, and `repo.objects-damaged` when there is no source to fetch from.
 */
export async function mend(
  context: UpgradeContext,
  source: Source,
  checksum: string,
  online: boolean,
  error: TreelineError,
  take: (again: 'again') => Promise<void>,
): Promise<void> {
  const { sysroot } = context;
  const commits = [...new Set([checksum, ...sysroot.deployments().map((d) => d.checksum)])];
  const looked = commits.filter((each) => each === source.newestChecksum || (each === checksum && sysroot.repo.hasObject('commit', each)));
  const damaged = sysroot.damagedObjects(looked);
  if (damaged.length === 0) throw error;
  if (!online) throw damagedError(sysroot, checksum, damaged);
  context.context.message(
    `Damaged in ${sysroot.repo.path}, and fetched again: ${damaged.map(({ path, checksum: id }) => path || id).join(', ')}`,
  );
  const removed = sysroot.removeDamaged(damaged, commits);
  await take('again');
  removed.complete();
}

/** What fetching anew wouldn't mend. Everything else that goes wrong while importing is taken for damage of what was fetched. */
const notDamage: readonly ErrorCode[] = [
  ...(['disk.full', 'job.cancelled', 'sysroot.locked'] as const),
  ...(['repo.signature-missing', 'repo.signature-invalid', 'repo.key-missing', 'repo.key-expired'] as const),
];

/** Fetch without privileges, import with checksums verified, check that nothing is missing. */
export async function pull(
  context: UpgradeContext,
  source: Source,
  checksum: string,
  details: Pick<UpdateDetails, 'toVersion' | 'sizes'>,
  params: UpgradeParams,
  progress: WeightedProgress,
  again?: 'again',
): Promise<void> {
  if (!again) requireDiskSpace(context, details);
  if (!params.cacheOnly) await requireBootRoom(context, source, checksum);
  const { sizes } = details;
  const name = details.toVersion || checksum.slice(0, 12);
  const online = isOnline(context, source, params);
  const fetch = async (clean?: 'all'): Promise<void> => {
    const more = {
      refs: online ? [checksum] : [],
      commitOnly: false,
      ...(sizes?.downloadExact ? { bytesTotal: sizes.downloadBytes, objectsTotal: sizes.downloadObjects } : {}),
      ...(clean ? { clean } : {}),
    };
    const request = fetchRequest(context.sysroot, context.dir, source, more, context.medium);
    await fetchThroughDrops(context.context, context.fetcher, request, (p) => progress.report('pull', p.fraction, p));
  };
  const take = (): void => {
    progress.report('import', 0);
    context.importer.importCommit(fetchRepoPath(context.dir), checksum, (done) =>
      progress.report('import', sizes && sizes.downloadObjects > 0 ? done / sizes.downloadObjects : 0),
    );
  };
  if (online) await context.context.task(`Fetching ${name}`, () => fetch(again && 'all'));
  try {
    context.context.task(`Importing ${name}`, take);
  } catch (error) {
    if (!(error instanceof TreelineError) || notDamage.includes(error.code)) throw error;
    // what was fetched is damaged (power loss, a bad disk): it would be in the way for ever
    await context.context.task(`Fetching ${name} again`, () => fetch('all'));
    if (!online) throw error;
    context.context.task(`Importing ${name}`, take);
  }
  if (!complete(context, checksum)) throw new TreelineError('repo.corrupt', { subject: `Version ${name}`, detail: 'objects are missing' });
  progress.report('import', 1);
}
