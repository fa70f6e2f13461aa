// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { privateDirectory } from '../../files/index.ts';
import type { RepoDefinition } from '../../engine/base/ports/resolver.ts';

/**
 * Write one .repo file with exactly these repositories, for libdnf; it may hold passwords, and goes with what is returned. Signatures are checked by us,
 * package by package, not by libdnf.
 */
export function writeRepoDirectory(directory: string, repos: readonly RepoDefinition[], localDirectory: string): Disposable {
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  // one that was killed left its own
  remove();
  privateDirectory(directory);
  writeFileSync(path.join(directory, 'treeline.repo'), repos.map((repo) => section(repo, localDirectory)).join('\n'), { mode: 0o600 });
  return { [Symbol.dispose]: remove };
}

/**
 * The address of a directory as libdnf takes it: it knows no %20 in file://, and divides lists at blanks. A directory with such a name is reached by a link in
 * `localDirectory`.
 */
function address(url: string, localDirectory: string): string {
  if (!url.startsWith('file:') || !url.includes('%')) return url;
  let place: string;
  try {
    place = fileURLToPath(url);
  } catch {
    return url;
  }
  if (!/[\s,%]/.test(place)) return `file://${place}`;
  mkdirSync(localDirectory, { recursive: true });
  const link = path.join(localDirectory, createHash('sha256').update(place).digest('hex').slice(0, 32));
  rmSync(link, { force: true });
  symlinkSync(place, link);
  return `file://${link}`;
}

function section(repo: RepoDefinition, localDirectory: string): string {
  const options: Record<string, string> = { ...repo.other, name: repo.name, enabled: '1', gpgcheck: '0', repo_gpgcheck: '0' };
  // one dead repository is an error that names it, never a silently smaller tree
  options['skip_if_unavailable'] = '0';
  if (repo.baseurl.length > 0) options['baseurl'] = repo.baseurl.map((url) => address(url, localDirectory)).join(' ');
  if (repo.metalink) options['metalink'] = repo.metalink;
  if (repo.mirrorlist) options['mirrorlist'] = repo.mirrorlist;
  if (repo.excludes.length > 0) options['excludepkgs'] = repo.excludes.join(' ');
  if (repo.priority !== undefined) options['priority'] = String(repo.priority);
  if (repo.cost !== undefined) options['cost'] = String(repo.cost);
  return `[${repo.id}]\n${Object.entries(options)
    .map(([key, value]) => `${key}=${value.replaceAll('\n', '\n  ')}\n`)
    .join('')}`;
}
