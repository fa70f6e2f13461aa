// SPDX-License-Identifier: LGPL-2.1-or-later
import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { Repo } from './repo.ts';

/**
 * Where the content of a commit's file lies as a plain file, to read it without copying: in repositories that keep files as they are. Undefined
 * for archives, for a path that isn't there or is no regular file (links in it aren't followed). The file must not be written to.
 */
export function plainFile(repo: Repo, commit: string, file: string): string | undefined {
  if (repo.mode === 'archive') return undefined;
  const names = file.split('/').filter(Boolean);
  const last = names.pop();
  let dirtree = repo.loadCommit(commit).rootDirtree;
  for (const name of names) {
    const found = repo.loadMetadata('dirtree', dirtree)[1].find(([n]) => n === name);
    if (!found) return undefined;
    dirtree = found[1].toString('hex');
  }
  const entry = repo.loadMetadata('dirtree', dirtree)[0].find(([n]) => n === last);
  if (!entry) return undefined;
  const checksum = entry[1].toString('hex');
  const object = path.resolve(repo.path, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.file`);
  return lstatSync(object, { throwIfNoEntry: false })?.isFile() ? object : undefined;
}
