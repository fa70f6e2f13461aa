// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PackageRepo, PackageRepos as RepoList } from '../../../../shared/domain/index.ts';
import { maskCredentials, TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { expandIn, isSwitchedOff, toRepo, type MainOptions } from '../../base/package-repos/repo-definition.ts';
import type { RepoDefinition } from '../../base/ports/resolver.ts';
import { Tree } from '../../base/tree/index.ts';
import { readKeys } from '../../base/trust/keys.ts';
import type { KeyReading } from './imported-keys.ts';
import { repoVariablesOf, withKeys, type PackageReposRequest } from './package-repos.ts';
import { definedRepos, mainOptions, type DefinedRepo } from './repo-sections-of.ts';
import { refreshedAt } from './stamps.ts';

/** What rpm-ostree tells of a repository (ListRepos). */
export interface RepoSummary {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

/** All repositories of a deployment by what can be told without a look at keys or caches; what can't be read is left out. */
export function summarizePackageRepos(request: PackageReposRequest): RepoSummary[] {
  using tree = new Tree(request.root, { deployed: true });
  const variables = repoVariablesOf(request, tree);
  return [...definedRepos(tree).sections.values()].map(({ section }) => ({
    id: section.id,
    name: expandIn({ ...nothing, id: section.id, name: section.options.get('name') || section.id }, variables).name,
    enabled: !isSwitchedOff(section),
  }));
}

const nothing = { baseurl: [], enabled: true, gpgcheck: true, gpgkey: [], excludes: [], other: {}, file: '', line: 0 };

/** All repositories of a deployment with their keys; what is wrong with one stands with it. */
export function listPackageRepos(request: PackageReposRequest & { readonly cachedir: string }, reading: KeyReading): RepoList {
  using tree = new Tree(request.root, { deployed: true });
  const variables = repoVariablesOf(request, tree);
  const { sections, problems } = definedRepos(tree);
  const reports = problems.map((problem) => problem.report);
  let main: MainOptions | undefined;
  try {
    main = mainOptions(tree);
  } catch (error) {
    reports.push(TreelineError.report(error));
  }
  const describe = (defined: DefinedRepo): PackageRepo => {
    const { section, file } = defined;
    const plain = {
      id: section.id,
      name: section.options.get('name') || section.id,
      enabled: !isSwitchedOff(section),
      file,
      line: section.line,
    };
    try {
      const repo = withKeys(tree, expandIn(toRepo(section, file, main), variables));
      return { ...plain, name: repo.name, ...described(repo, request.cachedir, reading) };
    } catch (error) {
      return { ...plain, addresses: [], keys: [], absentKeys: [], problem: TreelineError.report(error) };
    }
  };
  return { repos: [...sections.values()].map(describe), problems: reports };
}

function described(
  repo: RepoDefinition,
  cachedir: string,
  { user, now }: KeyReading,
): Omit<PackageRepo, 'id' | 'name' | 'enabled' | 'file' | 'line'> {
  const refreshed = refreshedAt(cachedir, repo);
  return {
    addresses: [...repo.baseurl, ...[repo.metalink, repo.mirrorlist].filter((each) => each !== undefined)].map(maskCredentials),
    gpgcheck: repo.gpgcheck,
    keys: repo.gpgkey.flatMap((file) => readKeys(readRegularFile(file), user, now).map((key) => ({ ...key, from: file }))),
    absentKeys: (repo.absentKeys ?? []).map(maskCredentials),
    ...(refreshed === undefined ? {} : { refreshedAt: refreshed }),
  };
}
