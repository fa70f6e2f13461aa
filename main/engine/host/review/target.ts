// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReviewParams } from './params.ts';
import type { ObjectReader, OwnAttributes } from '../../base/ports/review.ts';
import type { CommitPort, RawDeployment, RepoPort } from '../../base/ports/sysroot.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { requireIntact } from '../../base/trust/signatures.ts';
import { updateTarget } from '../source/last-check.ts';
import { withFetched, type UpdateContext } from '../source/context.ts';
import { updateSource, type Source } from '../source/source.ts';
import { TreeReader } from '../../base/commits/tree-reader.ts';

/** What the review jobs work with. */
export interface ReviewContext extends UpdateContext {
  readonly objects: ObjectReader;
  readonly ownAttributes: OwnAttributes;
  /** Of libostree's merge of /etc: see MergeInput. */
  readonly passesOverPipes: () => boolean;
}

/** What is looked at, and from where. */
export interface ReviewTarget {
  readonly source: Source;
  /** Deployment whose /etc is merged: the booted, else the newest one. */
  readonly merge: RawDeployment;
  readonly from: CommitPort;
  readonly to: CommitPort;
  readonly staged: boolean;
  readonly repo: RepoPort;
  readonly reader: TreeReader;
}

/** Find the commit: the given one, what is staged, or what the last check found. Throws `update.none`, `repo.revision-not-found`, `repo.corrupt`. */
export function withTarget<T>(context: ReviewContext, params: ReviewParams, run: (target: ReviewTarget) => T): T {
  const { sysroot } = context;
  const source = updateSource(sysroot, params.osname);
  const checksum = updateTarget(context, source, params.checksum);
  return withFetched(context, (repo) => {
    const to = repo.tryLoadCommit(checksum);
    if (!to) throw new TreelineError('repo.revision-not-found', { subject: checksum, facts: { repo: source.refspec } });
    if (!sysroot.repo.hasObject('commit', checksum)) requireIntact(to, to.version ? `Version ${to.version}` : checksum.slice(0, 12));
    return run({
      source,
      merge: source.merge,
      from: sysroot.repo.loadCommit(source.merge.checksum),
      to,
      staged: sysroot.deployments().some((d) => d.staged && d.checksum === checksum),
      repo,
      reader: new TreeReader(repo, sysroot.repo, context.objects),
    });
  });
}
