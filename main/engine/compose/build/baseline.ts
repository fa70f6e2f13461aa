// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { ComposeParams } from './params.ts';
import type { PreviousCommit, TargetRepo } from '../../base/ports/compose-store.ts';

/** What a compose is compared with to see whether anything has changed, and whose version is counted on from; '' for what there isn't. */
export type Baseline = Pick<PreviousCommit, 'checksum' | 'version' | 'inputhash'>;

/** The parent commit, unless --previous-commit, --previous-inputhash or --previous-version say something else. Throws repo.revision-not-found. */
export function baselineOf(
  params: Pick<ComposeParams, 'previousCommit' | 'previousInputhash' | 'previousVersion'>,
  parent: PreviousCommit | undefined,
  target: TargetRepo,
): Baseline {
  const { previousCommit } = params;
  const commit = previousCommit === undefined ? parent : target.previous(previousCommit);
  if (previousCommit !== undefined && !commit)
    throw new TreelineError('repo.revision-not-found', { subject: previousCommit, facts: { repo: target.path } });
  return {
    checksum: commit?.checksum ?? '',
    version: params.previousVersion ?? commit?.version ?? '',
    inputhash: params.previousInputhash ?? commit?.inputhash ?? '',
  };
}
