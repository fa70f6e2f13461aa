// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Progress } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { UpdateContext } from './context.ts';
import { fetchRequest } from './fetched.ts';
import type { Source } from './source.ts';

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
