// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RepoDefinition } from '../../base/ports/resolver.ts';
import type { ReposParams } from '../../host/package-repos/params.ts';
import { made, type Needs } from './places.ts';

/** Paths in the options of a package repository, and in its addresses of this machine. */
export const localPathsOf = (repo: RepoDefinition): string[] =>
  [...repo.baseurl, ...repo.gpgkey, repo.metalink, repo.mirrorlist, ...Object.values(repo.other)].flatMap(local);

function local(text: string | undefined): string[] {
  if (text === undefined) return [];
  if (text.startsWith('/')) return [text];
  return text.startsWith('file:/') ? [decodeURIComponent(text.replace(/^file:(\/\/)?/, ''))] : [];
}

/** Jobs that work with what repositories of a system have. */
export const ofRepos = ({ repos, cachedir }: ReposParams): Needs => ({ reads: repos.flatMap(localPathsOf), writes: [made(cachedir)] });
