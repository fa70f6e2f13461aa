// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useState } from 'react';
import type { PackageRepos, PackageSearch } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { call } from '../../model/bridge.ts';
import { searchWords } from '../../model/package-rows.ts';
import { useLoad } from '../../model/use-load.ts';

export interface RepoSearch {
  /** Whether something is looked for at all. */
  readonly asked: boolean;
  readonly found: PackageSearch | undefined;
  readonly error: ErrorReport | undefined;
  /** Undefined as long as they aren't known. */
  readonly repos: PackageRepos | undefined;
  readonly reposError: ErrorReport | undefined;
  /** Once more, after something was fetched. */
  readonly again: () => void;
}

const pauseMs = 250;

/** Looks into what was fetched of the repositories, once the typing pauses; for one letter nothing is looked for. */
export function useRepoSearch(query: string): RepoSearch {
  const [settled, setSettled] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(query), pauseMs);
    return () => clearTimeout(timer);
  }, [query]);
  const asked = query.trim().length > 1;
  const words = settled.trim().length > 1 && asked ? searchWords(settled) : [];
  const key = words.join(' ');
  const { value, error, reload } = useLoad(key, () => call('packages.search', words));
  const repos = useLoad('repos', () => call('packages.repos'));
  const again = (): void => {
    repos.reload();
    reload();
  };
  return { asked, found: asked ? value : undefined, error: asked ? error : undefined, repos: repos.value, reposError: repos.error, again };
}
