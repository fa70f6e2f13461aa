// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { RepoDefinition } from '../../base/ports/resolver.ts';
import { didYouMean } from '../../base/names/nearest-key.ts';
import { expandIn, isSwitchedOff, toRepo } from '../../base/package-repos/repo-definition.ts';
import { parseRepoFile, type RepoSection } from '../../base/package-repos/repo-sections.ts';
import { Tree } from '../../base/tree/index.ts';
import { repoVariables } from './source-root.ts';
import type { Treefile } from './treefile.ts';

/** Where .repo files of a root file system are. */
const systemDirectories = ['etc/yum.repos.d', 'etc/distro.repos.d'];

/** What stands in .repo files; whether a repository is usable is judged when it is taken, as dnf passes over what it isn't asked for. */
interface Defined {
  readonly sections: Map<string, { readonly section: RepoSection; readonly file: string }>;
  /** Files that can't be read at all. */
  readonly problems: readonly TreelineError[];
}

/** All repositories that .repo files beside the treefiles define, then those of `sourceRoot`; of an id that stands twice, the first. */
function definedRepos(treefile: Treefile, sourceRoot: string | undefined): Defined {
  const beside = new Set(treefile.files.map((f) => path.dirname(f.path)));
  const sections: Defined['sections'] = new Map();
  const problems: TreelineError[] = [];
  const add = (read: () => string, file: string): void => {
    try {
      for (const section of parseRepoFile(read(), file)) if (!sections.has(section.id)) sections.set(section.id, { section, file });
    } catch (error) {
      if (!(error instanceof TreelineError)) throw error;
      problems.push(error);
    }
  };
  const found: Defined = { sections, problems };
  for (const directory of beside)
    for (const name of readdirSync(directory).sort()) {
      const file = path.join(directory, name);
      if (name.endsWith('.repo')) add(() => readRegularFile(file).toString(), file);
    }
  if (sourceRoot === undefined) return found;
  using tree = new Tree(sourceRoot);
  for (const directory of systemDirectories)
    for (const name of tree.names('sourceRepos', directory)) {
      const file = `${directory}/${name}`;
      if (name.endsWith('.repo')) add(() => tree.text('sourceRepos', file) ?? '', path.join(sourceRoot, file));
    }
  return found;
}

/**
 * The repositories that a treefile takes packages from, out of the .repo files beside it (and those of `sourceRoot`). Naming one is enough:
 * `enabled=0` is for hosts. A treefile that names none takes all that are enabled. Throws rpmmd.repo-not-found, treefile.missing-key.
 */
export function loadRepos(treefile: Treefile, sourceRoot?: string): RepoDefinition[] {
  const found = definedRepos(treefile, sourceRoot);
  const variables = repoVariables(treefile, sourceRoot);
  const take = (key: string, id: string): RepoDefinition => {
    const defined = found.sections.get(id);
    if (!defined) {
      // it may stand in the file that can't be read
      if (found.problems[0]) throw found.problems[0];
      const hint = didYouMean(id, found.sections.keys());
      throw new TreelineError('rpmmd.repo-not-found', { ...treefile.placeOf(key, id), key, subject: id, facts: { hint } });
    }
    const repo = expandIn(toRepo(defined.section, defined.file), variables);
    return { ...repo, gpgkey: repo.gpgkey.map((name) => keyFile(name, sourceRoot)) };
  };
  const ids = treefile.repos.length > 0 ? treefile.repos : enabledIds(found);
  if (ids.length === 0) throw new TreelineError('treefile.missing-key', { file: treefile.path, key: 'repos' });
  for (const { repo, place } of treefile.repoPackages)
    if (!ids.includes(repo)) {
      take('repo-packages', repo);
      throw new TreelineError('treefile.invalid-value', {
        ...place,
        key: 'repo-packages',
        detail: `“${repo}” isn’t one of repos, which are: ${ids.join(', ')}`,
      });
    }
  const locked = treefile.lockfileRepos.filter((id) => !ids.includes(id));
  return [...ids.map((id) => take('repos', id)), ...locked.map((id) => ({ ...take('lockfile-repos', id), lockedOnly: true }))];
}

/** All that is enabled is asked for. */
function enabledIds({ sections, problems }: Defined): string[] {
  if (problems[0]) throw problems[0];
  return [...sections.values()]
    .filter(({ section }) => section.id !== 'main' && !isSwitchedOff(section))
    .flatMap(({ section, file }) => (toRepo(section, file).enabled ? [section.id] : []));
}

/** A key that a source root has is taken from there. */
function keyFile(name: string, sourceRoot: string | undefined): string {
  if (sourceRoot === undefined || !/^(file:\/\/)?\//.test(name)) return name;
  using tree = new Tree(sourceRoot);
  return tree.plainPath('sourceKey', name.replace(/^file:\/\/\/?/, ''), 'file') ?? name;
}
