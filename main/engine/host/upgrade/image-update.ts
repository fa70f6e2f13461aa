// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CheckState } from '../../../../shared/domain/index.ts';
import { updateId } from '../../base/commits/image-commit.ts';
import type { UpdateContext } from '../source/context.ts';
import { commitOfImage, lookAtImage, type LookedImage } from '../source/look-at-image.ts';
import type { ImageSource, Source } from '../source/source.ts';
import { saveDetails, summarize } from './found-update.ts';

/** As fetchCommits and what is made of it, of a system that follows an image. */
export async function checkImage(context: UpdateContext, source: ImageSource): Promise<CheckState> {
  const looked = await lookAtImage(context, source, { kind: 'newest' });
  const upToDate = { kind: 'up-to-date', checkedAt: context.now } as const;
  const { details } = looked;
  if (isBase(context, source, details.toChecksum)) return upToDate;
  if (imageGoesBack(context, source, looked)) {
    const { toChecksum: checksum, toVersion: version, toTimeSeconds: timestamp } = details;
    return { ...upToDate, wentBack: { checksum, version, timestamp } };
  }
  saveDetails(context, details);
  return { kind: 'available', checkedAt: context.now, update: knownByCommit(context, summarize(context, source, details)) };
}

/** Whether an update, by what it is called by, is what runs. */
export function isBase({ sysroot }: UpdateContext, { baseChecksum }: Source, id: string): boolean {
  const base = sysroot.repo.tryLoadCommit(baseChecksum);
  return base !== undefined && updateId(base) === id;
}

/** An update by its commit's checksum as soon as that is here: deployments are known by it. */
export function knownByCommit<T extends { readonly checksum: string }>({ sysroot }: Pick<UpdateContext, 'sysroot'>, update: T): T {
  const commit = commitOfImage(sysroot, update.checksum);
  return commit === undefined ? update : { ...update, checksum: commit };
}

/** Whether an image was made before what is booted, or before what the next start leads to. A time that isn't known says nothing. */
export function imageGoesBack({ sysroot }: UpdateContext, source: Source, { details }: LookedImage): boolean {
  return [source.baseChecksum, source.newestChecksum].some((checksum) => {
    const from = sysroot.repo.tryLoadCommit(checksum);
    const isOther = from !== undefined && updateId(from) !== details.toChecksum;
    return isOther && from.timestamp > 0 && details.toTimeSeconds > 0 && details.toTimeSeconds < from.timestamp;
  });
}
