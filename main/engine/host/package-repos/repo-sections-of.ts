// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { MainOptions } from '../../base/package-repos/repo-definition.ts';
import { parseRepoFile, type RepoSection } from '../../base/package-repos/repo-sections.ts';
import type { PlaceName, Tree } from '../../base/tree/index.ts';

/** Where a deployment's repositories stand; rpm-ostree reads no other directory. */
export const reposDirectory = 'etc/yum.repos.d';
const mainFile = 'etc/dnf/dnf.conf';

export interface DefinedRepo {
  readonly section: RepoSection;
  /** As people of the running system name it: `/etc/yum.repos.d/NAME.repo`. */
  readonly file: string;
}

/** What stands in a deployment's .repo files; whether a repository is usable is judged when it is taken, as dnf passes over what it isn't asked for. */
export interface DefinedRepos {
  /** By id; of an id that stands twice, the first. */
  readonly sections: ReadonlyMap<string, DefinedRepo>;
  /** Files that can't be read at all. */
  readonly problems: readonly TreelineError[];
}

/** All repositories that a deployment's .repo files define, in the order of files and sections. */
export function definedRepos(tree: Tree): DefinedRepos {
  const sections = new Map<string, DefinedRepo>();
  const problems: TreelineError[] = [];
  const careful = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof TreelineError)) throw error;
      problems.push(error);
    }
  };
  careful(() => {
    for (const name of namesOf(tree))
      careful(() => {
        const file = `${reposDirectory}/${name}`;
        for (const section of parseRepoFile(textOf(tree, 'sourceRepos', file) ?? leadsNowhere(file), `/${file}`))
          if (section.id !== 'main' && !sections.has(section.id)) sections.set(section.id, { section, file: `/${file}` });
      });
  });
  return { sections, problems };
}

const namesOf = (tree: Tree): string[] =>
  asFileError(reposDirectory, () => tree.names('sourceRepos', reposDirectory).filter((name) => name.endsWith('.repo')));

function leadsNowhere(file: string): never {
  throw new TreelineError('file.unreadable', { subject: `/${file}`, detail: 'it is a link that leads to nothing of the system' });
}

const textOf = (tree: Tree, place: PlaceName, file: string): string | undefined => asFileError(file, () => tree.text(place, file));

/** It is no package that somebody could leave out. */
function asFileError<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TreelineError)) throw error;
    throw new TreelineError('file.unreadable', { subject: `/${file}`, detail: error.report.detail ?? error.message }, { cause: error });
  }
}

/** Options of [main] that repositories inherit (libdnf's ConfigRepo). Others are about dnf as a program. */
const inherited: ReadonlySet<string> = new Set([
  ...['gpgcheck', 'repo_gpgcheck', 'exclude', 'excludes', 'excludepkgs', 'skip_if_unavailable', 'metadata_expire'],
  ...['proxy', 'proxy_username', 'proxy_password', 'proxy_auth_method', 'username', 'password', 'user_agent'],
  ...['sslverify', 'sslverifystatus', 'sslcacert', 'sslclientcert', 'sslclientkey'],
  ...['proxy_sslverify', 'proxy_sslcacert', 'proxy_sslclientcert', 'proxy_sslclientkey'],
  ...['retries', 'bandwidth', 'minrate', 'throttle', 'timeout', 'max_parallel_downloads', 'ip_resolve', 'fastestmirror'],
]);

/** What a deployment's dnf.conf says for all repositories. Throws repo-file.syntax, file.unreadable. */
export function mainOptions(tree: Tree): MainOptions {
  const file = `/${mainFile}`;
  const options = new Map<string, string>();
  const lines = new Map<string, number>();
  for (const section of parseRepoFile(textOf(tree, 'sourceMain', mainFile) ?? '', file))
    if (section.id === 'main')
      for (const [key, value] of section.options)
        if (inherited.has(key) && value !== '') {
          options.set(key, value);
          lines.set(key, section.lines.get(key) ?? section.line);
        }
  return { options, lines, file };
}
