import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RepoDefinition } from '../../engine/ports/resolver.ts';

/** Write one .repo file with exactly these repositories, for libdnf. Signatures are checked by us, package by package, not by libdnf. */
export function writeRepoDirectory(directory: string, repos: readonly RepoDefinition[]): void {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) rmSync(path.join(directory, name), { force: true });
  writeFileSync(path.join(directory, 'treeline.repo'), repos.map(section).join('\n'));
}

function section(repo: RepoDefinition): string {
  const options: Record<string, string> = { ...repo.other, name: repo.name, enabled: '1', gpgcheck: '0', repo_gpgcheck: '0' };
  // one dead repository is an error that names it, never a silently smaller tree
  options['skip_if_unavailable'] = '0';
  if (repo.baseurl.length > 0) options['baseurl'] = repo.baseurl.join(' ');
  if (repo.metalink) options['metalink'] = repo.metalink;
  if (repo.mirrorlist) options['mirrorlist'] = repo.mirrorlist;
  if (repo.excludes.length > 0) options['excludepkgs'] = repo.excludes.join(' ');
  if (repo.priority !== undefined) options['priority'] = String(repo.priority);
  if (repo.cost !== undefined) options['cost'] = String(repo.cost);
  return `[${repo.id}]\n${Object.entries(options)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}`;
}
