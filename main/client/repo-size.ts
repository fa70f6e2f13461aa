// SPDX-License-Identifier: LGPL-2.1-or-later
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * Allocated bytes of all objects in a repository, by looking at its files, a directory at a time so that the caller stays responsive. undefined when
 * they may not all be looked at. What goes away meanwhile counts nothing.
 */
export async function repoBytes(repo: string): Promise<number | undefined> {
  const objects = path.join(repo, 'objects');
  let bytes = 0;
  try {
    for (const prefix of await readdir(objects)) {
      const folder = path.join(objects, prefix);
      const names = await readdir(folder).catch(goneIs([]));
      const sizes = names.map(async (name) => ((await lstat(path.join(folder, name)).catch(goneIs(undefined)))?.blocks ?? 0) * 512);
      for (const size of await Promise.all(sizes)) bytes += size;
    }
  } catch {
    return undefined;
  }
  return bytes;
}

const goneIs =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code !== 'ENOENT') throw error;
    return instead;
  };
