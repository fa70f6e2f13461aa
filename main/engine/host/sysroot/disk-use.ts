// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync, readdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { DiskUse } from '../../../../shared/domain/index.ts';
import type { SysrootPort } from '../../base/ports/sysroot.ts';

/** All objects of a commit in the sysroot's repository, as `CHECKSUM.TYPE`. */
export type Reachable = (checksum: string) => ReadonlySet<string>;

/**
 * Disk use in allocated bytes. `exclusiveBytes` of a deployment is what deleting it alone would give back: the objects that neither another
 * deployment nor a ref needs, plus its own directory tree (/etc; what is hard-linked into the repository counts there).
 */
export function diskUse(sysroot: SysrootPort, reachable: Reachable): DiskUse {
  const sizes = objectSizes(path.join(sysroot.repo.path, 'objects'));
  const deployments = sysroot.deployments();
  const safely = (checksum: string): ReadonlySet<string> => {
    try {
      return reachable(checksum);
    } catch {
      return new Set();
    }
  };
  const commits = new Set(deployments.map((d) => d.checksum));
  const sets = new Map([...commits].map((checksum) => [checksum, safely(checksum)]));
  // libostree's own ostree/N/N/N refs go away with the deployment
  const kept = [...sysroot.repo.listRefs()].filter(([ref]) => !/^ostree\/\d+\/\d+\/\d+$/.test(ref)).map(([, checksum]) => checksum);
  const keptSets = [...new Set(kept)].filter((c) => !commits.has(c) && sysroot.repo.hasObject('commit', c)).map(safely);
  const boot = path.join(sysroot.path, 'boot');
  const root = statfsSync(sysroot.path);
  const bootStat = existsSync(boot) ? statfsSync(boot) : root;
  return {
    repoBytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    freeBytes: root.bavail * root.bsize,
    totalBytes: root.blocks * root.bsize,
    bootFreeBytes: bootStat.bavail * bootStat.bsize,
    bootTotalBytes: bootStat.blocks * bootStat.bsize,
    deployments: deployments.map((d) => {
      const shared = deployments.some((o) => o.id !== d.id && o.checksum === d.checksum) || kept.includes(d.checksum);
      const others = [...sets].filter(([checksum]) => checksum !== d.checksum).map(([, set]) => set);
      const own = sets.get(d.checksum) ?? new Set();
      let objects = 0;
      if (!shared) {
        for (const name of own) {
          if (!others.some((set) => set.has(name)) && !keptSets.some((set) => set.has(name))) objects += sizes.get(name) ?? 0;
        }
      }
      const usesBoot = deployments.filter((o) => o.osname === d.osname && o.bootChecksum === d.bootChecksum);
      return {
        id: d.id,
        exclusiveBytes: objects + treeBytes(path.join(sysroot.path, d.directory, 'etc')),
        bootBytes: usesBoot.length > 1 ? 0 : treeBytes(path.join(boot, 'ostree', `${d.osname}-${d.bootChecksum}`)),
      };
    }),
  };
}

/** `CHECKSUM.TYPE` -> allocated bytes, from one walk over the repository. */
function objectSizes(objects: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const prefix of list(objects)) {
    const folder = path.join(objects, prefix);
    for (const name of list(folder)) sizes.set(prefix + name, bytesOf(path.join(folder, name)));
  }
  return sizes;
}

function treeBytes(directory: string): number {
  let sum = bytesOf(directory);
  for (const name of list(directory)) {
    const file = path.join(directory, name);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isDirectory()) sum += treeBytes(file);
    // more links: the object is in the repository and counted there
    else if (stat && stat.nlink === 1) sum += stat.blocks * 512;
  }
  return sum;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function bytesOf(file: string): number {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat ? stat.blocks * 512 : 0;
}
