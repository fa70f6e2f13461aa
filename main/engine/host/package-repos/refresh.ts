// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { isOnNetwork } from '../../base/package-repos/repo-definition.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { RefreshRepo, RepoDefinition } from '../../base/ports/resolver.ts';
import type { RefreshParams } from './params.ts';
import { expireSeconds, noteRefreshed, refreshedAt } from './stamps.ts';

export interface RefreshPorts {
  readonly refreshRepo: RefreshRepo;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * Bring the metadata of repositories up to date, one after the other: one that is dead or damaged keeps the others from nothing. It fails the job by name
 * afterwards, unless it may be passed over (skip_if_unavailable, `skipUnavailable`): then it is named, and what is known of it stays. Without `force` a
 * repository that was looked at within its metadata_expire isn't asked again.
 */
export function refreshPackageRepos(
  params: RefreshParams,
  { refreshRepo, now }: RefreshPorts,
  context: JobContext,
): { readonly changed: boolean; readonly skipped: readonly ErrorReport[] } {
  const { cachedir, releasever, repos, problems, force, skipUnavailable } = params;
  if (repos.length === 0 && problems.length === 0) context.message('No package repository is enabled.');
  const due = (repo: RepoDefinition): boolean => {
    const at = refreshedAt(cachedir, repo);
    return force || at === undefined || at > now() || now() - at >= expireSeconds(repo);
  };
  const skipped: ErrorReport[] = [];
  const failed: TreelineError[] = [];
  let refreshed = 0;
  for (const [index, repo] of repos.entries()) {
    const step = { step: 'refresh', stepIndex: index, stepCount: repos.length };
    context.progress({ ...step, fraction: index / repos.length, itemsDone: index, itemsTotal: repos.length });
    if (!due(repo)) continue;
    const error = context.task(`Updating metadata for '${repo.id}'`, () =>
      attempt(() => refreshRepo({ cachedir, releasever, repo: { ...repo, mayBeSkipped: false } })),
    );
    if (error === undefined) {
      refreshed++;
      if (isOnNetwork(repo)) noteRefreshed(cachedir, repo, now());
    } else if (error.code === 'rpmmd.unreachable' && (skipUnavailable || (repo.mayBeSkipped ?? false))) {
      skipped.push(error.report);
      context.message(`Passed over ${repo.id}, which can’t be reached: ${error.report.detail ?? ''}`);
    } else {
      failed.push(error);
      context.message(`${repo.id}: ${error.report.detail ?? error.message}`);
    }
  }
  const [first] = [...failed, ...problems.map((problem) => TreelineError.fromReport(problem))];
  if (first) throw first;
  context.progress({ step: 'refresh', stepIndex: repos.length, stepCount: repos.length, fraction: 1 });
  return { changed: refreshed > 0, skipped };
}

/** What is no error of a repository (a full disk) ends the job. */
function attempt(run: () => unknown): TreelineError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof TreelineError && error.code.startsWith('rpmmd.')) return error;
    throw error;
  }
}
