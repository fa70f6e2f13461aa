// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { RepoDefinition } from '../../base/ports/resolver.ts';
import { didYouMean } from './nearest-key.ts';
import { parseRepoFile, type RepoSection } from './repo-sections.ts';
import { Tree } from '../../base/tree/index.ts';
import { repoVariables } from './source-root.ts';
import type { Treefile } from './treefile.ts';

const words = (value: string | undefined): string[] => (value ?? '').split(/[\s,]+/).filter((w) => w !== '');
const own = new Set([
  'name',
  'baseurl',
  'metalink',
  'mirrorlist',
  'enabled',
  'gpgcheck',
  'gpgkey',
  'exclude',
  'excludes',
  'excludepkgs',
  'priority',
  'cost',
  'repo_gpgcheck',
]);

/** Ids become names of directories; what dnf takes (REPOID_CHARS of dnf.repo), but for names of nothing but dots. */
const isRepoId = (id: string): boolean => /^[A-Za-z0-9_.:-]{1,200}$/.test(id) && /[A-Za-z0-9]/.test(id);

function toRepo(section: RepoSection, file: string): RepoDefinition {
  const { id, line, options } = section;
  // without a value an option is what it is by default, as dnf reads it
  const get = (name: string): string | undefined => options.get(name) || undefined;
  if (!isRepoId(id))
    throw new TreelineError('treefile.invalid-value', {
      file,
      line,
      key: id,
      detail: 'the id of a repository may hold letters, digits, and the characters - _ . : only',
    });
  const invalid = (key: string, detail: string): TreelineError =>
    new TreelineError('treefile.invalid-value', { file, line, key: `${id}.${key}`, detail });
  const flag = (name: string, otherwise: boolean): boolean => {
    const value = get(name)?.toLowerCase();
    if (value === undefined) return otherwise;
    if (['1', 'yes', 'true', 'on'].includes(value)) return true;
    if (['0', 'no', 'false', 'off'].includes(value)) return false;
    throw invalid(name, `“${value}” is neither 1 nor 0`);
  };
  const number = (name: string): { [k: string]: number } => {
    const value = get(name);
    if (value === undefined) return {};
    if (!/^-?\d+$/.test(value)) throw invalid(name, `“${value}” isn't a number`);
    return { [name]: Number(value) };
  };
  // never ignored: somebody who asks for signed metadata must not get unsigned metadata
  if (flag('repo_gpgcheck', false))
    throw new TreelineError('not-supported', {
      file,
      line,
      key: `${id}.repo_gpgcheck`,
      subject: 'Checking the signature of repository metadata',
    });
  const baseurl = words(get('baseurl'));
  const [metalink, mirrorlist] = [get('metalink'), get('mirrorlist')];
  if (baseurl.length === 0 && !metalink && !mirrorlist) throw invalid('baseurl', 'a repository needs baseurl, metalink or mirrorlist');
  return {
    id,
    name: get('name') ?? id,
    baseurl,
    ...(metalink ? { metalink } : {}),
    ...(mirrorlist ? { mirrorlist } : {}),
    enabled: flag('enabled', true),
    gpgcheck: flag('gpgcheck', true),
    gpgkey: words(get('gpgkey')),
    excludes: [...words(get('exclude')), ...words(get('excludes')), ...words(get('excludepkgs'))],
    ...number('priority'),
    ...number('cost'),
    other: Object.fromEntries([...options].filter(([name]) => !own.has(name))),
    file,
    line,
  };
}

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
  const expand = (text: string): string =>
    text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => variables[braced ?? bare ?? ''] ?? whole);
  const take = (key: string, id: string): RepoDefinition => {
    const defined = found.sections.get(id);
    if (!defined) {
      // it may stand in the file that can't be read
      if (found.problems[0]) throw found.problems[0];
      const hint = didYouMean(id, found.sections.keys());
      throw new TreelineError('rpmmd.repo-not-found', { ...treefile.placeOf(key, id), key, subject: id, facts: { hint } });
    }
    const repo = toRepo(defined.section, defined.file);
    return {
      ...repo,
      name: expand(repo.name),
      baseurl: repo.baseurl.map(expand),
      gpgkey: repo.gpgkey.map((name) => keyFile(expand(name), sourceRoot)),
      ...(repo.metalink === undefined ? {} : { metalink: expand(repo.metalink) }),
      ...(repo.mirrorlist === undefined ? {} : { mirrorlist: expand(repo.mirrorlist) }),
    };
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
  const switchedOff = (value: string): boolean => ['0', 'no', 'false', 'off'].includes(value.toLowerCase());
  return [...sections.values()]
    .filter(({ section }) => section.id !== 'main' && !switchedOff(section.options.get('enabled') ?? ''))
    .flatMap(({ section, file }) => (toRepo(section, file).enabled ? [section.id] : []));
}

/** A key that a source root has is taken from there. */
function keyFile(name: string, sourceRoot: string | undefined): string {
  if (sourceRoot === undefined || !/^(file:\/\/)?\//.test(name)) return name;
  using tree = new Tree(sourceRoot);
  return tree.plainPath('sourceKey', name.replace(/^file:\/\/\/?/, ''), 'file') ?? name;
}
