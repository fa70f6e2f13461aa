// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobContext } from '../../base/ports/job.ts';
import type { ReviewParams } from './params.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { fetchDirectories } from '../source/directories.ts';
import type { Source } from '../source/source.ts';
import { availableEtc } from './etc-preview.ts';
import { unknownKernels } from './summary.ts';
import { withTarget, type ReviewContext } from './target.ts';

/** Below a directory of this name nothing is: asking for it brings the directory objects on the way, and no file. */
const nothing = 'none/none';

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
