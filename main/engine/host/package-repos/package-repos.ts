// SPDX-License-Identifier: LGPL-2.1-or-later
import { fileURLToPath } from 'node:url';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { didYouMean } from '../../base/names/nearest-key.ts';
import { expandIn, isSwitchedOff, toRepo } from '../../base/package-repos/repo-definition.ts';
import { ownVariables, releaseIn, variablesOf } from '../../base/package-repos/variables.ts';
import type { RepoDefinition } from '../../base/ports/resolver.ts';
import { Tree } from '../../base/tree/index.ts';
import { importedKeys } from './imported-keys.ts';
import { definedRepos, mainOptions, type DefinedRepo, type DefinedRepos } from './repo-sections-of.ts';

/** For this once, whatever the .repo files say (--enablerepo, --disablerepo, --releasever of dnf(8)). */
export interface RepoChoice {
  /** Ids or globs; counts more than `disable`. */
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  /** '' and missing: the base's. */
  readonly releasever?: string;
}

export interface PackageReposRequest extends RepoChoice {
  /** Root of the deployment whose /etc counts: its directory, or `/`. */
  readonly root: string;
  /** Root of the tree that packages come onto, whose version is $releasever. Default `root`. */
  readonly base?: string;
  /** Told what is wrong with a repository or a file, which is then left out; without it, it is thrown. */
  readonly onProblem?: (problem: TreelineError) => void;
  /** Asked when the tree's os-release has no version: the version of its package that provides `system-release`. */
  readonly systemRelease?: () => string | undefined;
}

export interface PackageRepos {
  /** The enabled ones, in the order of their files. */
  readonly repos: readonly RepoDefinition[];
  /** '' when nothing says it. */
  readonly releasever: string;
}

/**
 * The package repositories of a deployment, as libdnf reads them for rpm-ostree: `/etc/yum.repos.d/*.repo`, what they inherit from `/etc/dnf/dnf.conf`, values of
 * `/etc/dnf/vars` and `/etc/yum/vars`. Keys are files of the deployment's tree by their paths on this machine, and those that somebody has imported; addresses on the
 * network are never among them. Throws repo-file.syntax, repo-file.invalid-value, file.unreadable and not-supported naming file, line and key, rpmmd.repo-not-found
 * naming what is to be enabled or disabled, package.* for a key whose path leads out of the tree.
 */
export function packageRepos(request: PackageReposRequest): PackageRepos {
  using tree = new Tree(request.root, { deployed: true });
  const told = request.onProblem ?? raise;
  const found = definedRepos(tree);
  // what can't be read may hold a repository that is enabled
  for (const problem of found.problems) told(problem);
  const main = mainOptions(tree);
  const variables = repoVariablesOf(request, tree);
  const read = ({ section, file }: DefinedRepo): RepoDefinition =>
    onHost(withKeys(tree, expandIn({ ...toRepo(section, file, main), enabled: true }, variables)));
  const repos = chosen(found, request).flatMap((each) => {
    try {
      return [read(each)];
    } catch (error) {
      if (!(error instanceof TreelineError)) throw error;
      told(error);
      return [];
    }
  });
  return { repos, releasever: variables['releasever'] ?? '' };
}

const onHost = (repo: RepoDefinition): RepoDefinition => (saysSkip(repo) ? { ...repo, mayBeSkipped: true } : repo);

/** skip_if_unavailable of dnf.conf(5). */
const saysSkip = ({ other }: RepoDefinition): boolean =>
  ['1', 'yes', 'true', 'on'].includes((other['skip_if_unavailable'] ?? '').toLowerCase());

function raise(problem: TreelineError): never {
  throw problem;
}

/** Addresses of keys that a repository of a deployment names, as they are: they may hold passwords. Throws rpmmd.repo-not-found, and what is wrong with it. */
export function keyAddresses(request: PackageReposRequest, id: string): readonly string[] {
  using tree = new Tree(request.root, { deployed: true });
  const found = definedRepos(tree);
  const defined = found.sections.get(id);
  if (!defined) throw found.problems[0] ?? new TreelineError('rpmmd.repo-not-found', { subject: id });
  const repo = expandIn(toRepo(defined.section, defined.file, mainOptions(tree)), repoVariablesOf(request, tree));
  return repo.gpgkey.filter((name) => /^https?:/i.test(name));
}

/** Values of `$name` in a deployment's .repo files. */
export const repoVariablesOf = (request: PackageReposRequest, tree: Tree): Readonly<Record<string, string>> => ({
  ...variablesOf(tree),
  ...ownVariables(releaseverOf(request, tree)),
});

function releaseverOf({ releasever, base, root, systemRelease }: PackageReposRequest, tree: Tree): string {
  if (releasever) return releasever;
  if (base === undefined || base === root) return releaseIn(tree) || (systemRelease?.() ?? '');
  using other = new Tree(base);
  return releaseIn(other) || (systemRelease?.() ?? '');
}

function chosen({ sections }: DefinedRepos, { enable = [], disable = [] }: RepoChoice): DefinedRepo[] {
  const ids = [...sections.keys()];
  const matching = (patterns: readonly string[]): Set<string> => new Set(patterns.flatMap((pattern) => idsLike(ids, pattern)));
  const [on, off] = [matching(enable), matching(disable)];
  return [...sections.values()].filter(({ section }) => on.has(section.id) || (!off.has(section.id) && !isSwitchedOff(section)));
}

/** Throws rpmmd.repo-not-found when there is none: a slip would otherwise take another repository's packages. */
function idsLike(ids: readonly string[], pattern: string): string[] {
  const like = patternOf(pattern);
  const found = ids.filter((id) => id === pattern || like.test(id));
  if (found.length > 0) return found;
  throw new TreelineError('rpmmd.repo-not-found', { subject: pattern, facts: { hint: didYouMean(pattern, ids) } });
}

/** `*`, `?` and `[...]` of glob(7); ids hold nothing that a pattern could mean otherwise. */
function patternOf(pattern: string): RegExp {
  const parts = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^');
  try {
    return new RegExp(`^(?:${parts})$`);
  } catch {
    return /^(?!)/;
  }
}

/** The same with keys by their paths on this machine. */
export function withKeys(tree: Tree, repo: RepoDefinition): RepoDefinition {
  const absent: string[] = [];
  const found = repo.gpgkey.flatMap((name) => {
    const inTree = pathOf(name);
    const file = inTree === undefined ? undefined : tree.plainPath('sourceKey', inTree, 'file');
    if (file === undefined) absent.push(name);
    return file ?? [];
  });
  const imported = importedKeys(tree, repo.id);
  return { ...repo, gpgkey: [...found, ...imported], ...(absent.length === 0 ? {} : { absentKeys: absent }) };
}

/** The path in the tree of a key that is a file; undefined for an address. */
function pathOf(name: string): string | undefined {
  if (name.startsWith('/')) return name.replace(/^\/+/, '');
  if (!/^file:/i.test(name)) return undefined;
  try {
    return fileURLToPath(name).slice(1);
  } catch {
    return undefined;
  }
}
