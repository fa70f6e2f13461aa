// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../../../shared/errors/index.ts';
import type { PackageCache } from '../../base/ports/compose-store.ts';
import type { ResolvedPackage } from '../../base/ports/resolver.ts';

const keptDays = 30;

/** Downloaded package files; the time of a file says when it was used last. */
const downloads = (cachedir: string): string => path.join(cachedir, 'packages');

export function noteDownloadsUsed(cachedir: string, packages: readonly ResolvedPackage[]): void {
  const now = new Date();
  for (const { path: file } of packages) if (path.dirname(file) === downloads(cachedir)) utimesSync(file, now, now);
}

/**
 * Note what this compose took from the cache, and remove what none took for 30 days: imported packages, layers, downloads. Needs the cache's lock.
 * Returns a sentence when something went, or when that failed: the compose is done then.
 */
export function retireUnused(cachedir: string, cache: PackageCache, used: readonly ResolvedPackage[]): string | undefined {
  const beforeSeconds = Date.now() / 1000 - keptDays * 24 * 3600;
  try {
    const gone = cache.retire(used, beforeSeconds);
    for (const name of readdirSync(downloads(cachedir)).filter((each) => each.endsWith('.rpm'))) {
      const file = path.join(downloads(cachedir), name);
      if (statSync(file).mtimeMs / 1000 < beforeSeconds) rmSync(file);
    }
    return gone === 0 ? undefined : `Removed from the cache, unused for ${keptDays} days: packages and layers (${gone})`;
  } catch (error) {
    return `What is old couldn’t be removed from the cache: ${messageOf(error)}`;
  }
}
