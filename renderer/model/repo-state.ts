// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobState, PackageRepo } from '../../shared/domain/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';

/** What is known of what a repository offers. Times are Unix seconds. */
export type RepoState =
  /** Its definition can't be used. */
  | { readonly kind: 'unusable'; readonly error: ErrorReport }
  /** The last try failed, and nothing was fetched since; before maybe. */
  | { readonly kind: 'failed'; readonly error: ErrorReport; readonly at: number; readonly before: number | undefined }
  | { readonly kind: 'fetched'; readonly at: number }
  /** It is on this machine. */
  | { readonly kind: 'local' }
  | { readonly kind: 'never' };

const isLocal = (address: string): boolean => /^(file:|\/)/i.test(address);
const onNetwork = ({ addresses }: PackageRepo): boolean => addresses.some((address) => !isLocal(address));

/** `jobs`: those that ended, in any order. */
export function repoState(repo: PackageRepo, jobs: readonly JobState[]): RepoState {
  const { id, problem, refreshedAt } = repo;
  if (problem) return { kind: 'unusable', error: problem };
  const [last] = jobs
    .flatMap(({ method, error, endedAt, startedAt }) =>
      method === 'RefreshMd' && error?.subject === id ? [{ error, at: endedAt ?? startedAt }] : [],
    )
    .filter(({ at }) => at > (refreshedAt ?? 0))
    .sort((a, b) => b.at - a.at);
  if (last) return { kind: 'failed', ...last, before: refreshedAt };
  if (refreshedAt !== undefined) return { kind: 'fetched', at: refreshedAt };
  return onNetwork(repo) ? { kind: 'never' } : { kind: 'local' };
}

/** Names of the enabled ones that weren't fetched since `startedAt`, when a refresh asked all of them. */
export const passedOver = (repos: readonly PackageRepo[], startedAt: number): readonly string[] =>
  repos.filter((repo) => repo.enabled && !repo.problem && onNetwork(repo) && (repo.refreshedAt ?? 0) < startedAt).map(({ name }) => name);
