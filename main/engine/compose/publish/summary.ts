// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { type SigningParams, signingOf, signsAnything } from './signing.ts';
import type { Signing } from '../../base/ports/compose-store.ts';
import type { PublishRepo } from '../../base/ports/publish.ts';
import { ownRefs } from '../../base/commits/ancestors.ts';

export interface SummaryParams extends SigningParams {
  readonly repo: string;
  /** Replace a signed summary by one without a signature. */
  readonly unsigned?: boolean;
}

export interface SummaryOutcome {
  readonly refs: Readonly<Record<string, string>>;
  readonly deltas: number;
  readonly signed: boolean;
}

/** Keys for a repository's summary; one that is signed isn't replaced by an unsigned one unasked. Throws repo.key-needed. */
export function summarySigning(repo: PublishRepo, params: SummaryParams): Signing {
  const signing = signingOf(params);
  if (!signsAnything(signing) && !params.unsigned && existsSync(path.join(repo.path, 'summary.sig')))
    throw new TreelineError('repo.key-needed', { subject: repo.path });
  return signing;
}

export function writeSummary(repo: PublishRepo, params: SummaryParams): SummaryOutcome {
  repo.requireWritable();
  const signing = summarySigning(repo, params);
  repo.reindexDeltas();
  repo.writeSummary(signing);
  return { refs: Object.fromEntries(ownRefs(repo.repo)), deltas: repo.listDeltas().length, signed: signsAnything(signing) };
}
