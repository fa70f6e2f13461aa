// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FoundPackage } from '../../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { isOnNetwork } from '../../base/package-repos/repo-definition.ts';
import type { FindPackages, RepoDefinition } from '../../base/ports/resolver.ts';
import type { FindParams } from './params.ts';
import { refreshedAt } from './stamps.ts';

export interface Found {
  readonly packages: readonly FoundPackage[];
  /** Repositories that nothing is known of: why. What they have isn't among the packages. */
  readonly unknown: readonly ErrorReport[];
}

/**
 * Packages out of what was fetched of repositories before. A repository whose metadata isn't here or can't be read is named, and the others answer; throws the error of one
 * when there is no other. `scratch`: an empty directory.
 */
export function findInRepos({ cachedir, repos, releasever, problems, query }: FindParams, find: FindPackages, scratch: string): Found {
  const unknown: ErrorReport[] = [...problems];
  let known: RepoDefinition[] = [];
  for (const repo of repos) {
    if (!isOnNetwork(repo) || refreshedAt(cachedir, repo) !== undefined) known.push(repo);
    else unknown.push({ code: 'rpmmd.not-fetched', subject: repo.id });
  }
  while (known.length > 0)
    try {
      return { packages: find({ cachedir, repos: known, releasever, query, scratch }), unknown };
    } catch (error) {
      const damaged = error instanceof TreelineError && error.code.startsWith('rpmmd.') ? error.report : undefined;
      const rest = known.filter(({ id }) => id !== damaged?.subject);
      if (damaged === undefined || rest.length === known.length) throw error;
      unknown.push(damaged);
      known = rest;
    }
  // what a refresh mends comes first
  const first = unknown.find(({ code }) => code === 'rpmmd.not-fetched') ?? unknown[0];
  if (first) throw TreelineError.fromReport(first);
  return { packages: [], unknown };
}
