// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DeltaOutcome, DeltaParams } from './deltas.ts';
import type { WriterParams } from './lock.ts';
import type { MirrorOutcome, MirrorParams } from './mirror.ts';
import type { PromoteOutcome, PromoteParams } from './promote.ts';
import type { PruneParams, PruneReport } from './prune.ts';
import type { SummaryOutcome, SummaryParams } from './summary.ts';
import type { VerifyParams, VerifyReport } from './verify.ts';

/** Jobs on repositories that others get systems from; part of Jobs in jobs/catalogue.ts. */
export interface RepoJobs {
  /** Write a repository's list of branches and static deltas anew. These jobs hold the repository's writer's lock (see lock.ts). */
  'repo.summary': { params: SummaryParams & WriterParams; result: SummaryOutcome };
  'repo.delta': { params: DeltaParams & WriterParams; result: DeltaOutcome };
  'repo.prune': { params: PruneParams & WriterParams; result: PruneReport };
  'repo.promote': { params: PromoteParams & WriterParams; result: PromoteOutcome };
  'repo.mirror': { params: MirrorParams & WriterParams; result: MirrorOutcome };
  /** (read) */
  'repo.verify': { params: VerifyParams; result: VerifyReport };
}
