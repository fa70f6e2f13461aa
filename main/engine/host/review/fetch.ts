// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobContext, ReviewParams } from '../../jobs/index.ts';
import type { Progress } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { fetchRequest } from '../upgrade/fetched.ts';
import type { Source } from '../upgrade/target.ts';
import type { UpdateContext } from '../upgrade/check.ts';
import { availableEtc } from './etc-preview.ts';
import { unknownKernels } from './summary.ts';
import { withTarget, type ReviewContext } from './target.ts';

/** Below a directory of this name nothing is: asking for it brings the directory objects on the way, and no file. */
const nothing = 'none/none';

/**
 * Fetch some directories of a commit into the repository of fetched things. Objects that are there, or in the system's repository, aren't
 * fetched. Returns the bytes that came over the network.
 */
export async function fetchDirectories(
  context: UpdateContext & { readonly context: JobContext },
  source: Source,
  checksum: string,
  subdirs: readonly string[],
): Promise<number> {
  if (source.remote === '') throw new TreelineError('repo.revision-not-found', { subject: checksum, facts: { repo: source.refspec } });
  let bytes = 0;
  const onProgress = (progress: Progress): void => {
    bytes = Math.max(bytes, progress.bytesDone ?? 0);
    context.context.progress(progress);
  };
  const request = fetchRequest(context.sysroot, context.dir, source, { refs: [checksum], commitOnly: false, subdirs }, context.medium);
  await context.fetcher.fetch(request, onProgress);
  return bytes;
}

/** Job review.fetch: /usr/etc, and the names and sizes of what goes to /boot. */
export async function fetchReview(
  context: ReviewContext & { readonly context: JobContext },
  params: ReviewParams,
): Promise<{ fetchedBytes: number }> {
  const look = (): { source: Source; checksum: string; complete: boolean; kernels: string[] | undefined } =>
    withTarget(context, params, (target) => ({
      source: target.source,
      checksum: target.to.checksum,
      complete: availableEtc(target) !== undefined,
      kernels: unknownKernels(target.reader, target.to),
    }));
  let fetchedBytes = 0;
  let { source, checksum, complete, kernels } = look();
  if (!complete || kernels === undefined) {
    const subdirs = ['/usr/etc', `/usr/lib/modules/${nothing}`];
    fetchedBytes += await context.context.task('Fetching /usr/etc', () => fetchDirectories(context, source, checksum, subdirs));
    ({ source, checksum, complete, kernels } = look());
  }
  if (!complete) throw new TreelineError('repo.corrupt', { subject: '/usr/etc', detail: 'objects are missing after the pull' });
  if (kernels && kernels.length > 0) {
    const subdirs = kernels.map((name) => `/usr/lib/modules/${name}/${nothing}`);
    fetchedBytes += await context.context.task('Fetching the list of boot files', () =>
      fetchDirectories(context, source, checksum, subdirs),
    );
  }
  return { fetchedBytes };
}
