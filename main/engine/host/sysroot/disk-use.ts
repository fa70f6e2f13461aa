// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync, readdirSync, statfsSync, type Dirent } from 'node:fs';
import path from 'node:path';
import type { DiskUse } from '../../../../shared/domain/index.ts';
import { systemCodeOf } from '../../../../shared/errors/index.ts';
import type { RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { commitsKept } from './layer-refs.ts';

/** All objects of a commit in the sysroot's repository, as `CHECKSUM.TYPE`. */
export type Reachable = (checksum: string) => ReadonlySet<string>;

/**
 * Disk use in allocated bytes. `exclusiveBytes` of a deployment is what deleting it alone would give back: the objects that neither another deployment, nor what
 * that was made of, nor a ref needs, plus its own directories and files (what is hard-linked into the repository counts there). Missing where a commit can't be
 * read through: what it shares isn't known then.
 */
export function diskUse(sysroot: SysrootPort, reachable: Reachable): DiskUse {
  const sizes = objectSizes(path.join(sysroot.repo.path, 'objects'));
  const deployments = sysroot.deployments();
  const objects = ownObjects(sysroot, deployments, sizes, reachable);
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
      const usesBoot = deployments.filter((o) => o.osname === d.osname && o.bootChecksum === d.bootChecksum);
      return {
        id: d.id,
        ...(objects ? { exclusiveBytes: (objects.get(d.id) ?? 0) + deploymentBytes(path.join(sysroot.path, d.directory)) } : {}),
        bootBytes: usesBoot.length > 1 ? 0 : treeBytes(path.join(boot, 'ostree', `${d.osname}-${d.bootChecksum}`)),
      };
    }),
  };
}

/** Bytes of objects by the one deployment that needs them; undefined when a commit can't be read. One commit is held at a time. */
function ownObjects(
  sysroot: SysrootPort,
  deployments: readonly RawDeployment[],
  sizes: ReadonlyMap<string, number>,
  reachable: Reachable,
): Map<string, number> | undefined {
  const all = commitsKept(sysroot, deployments);
  const without = deployments.map(({ id }) => ({
    id,
    kept: commitsKept(
      sysroot,
      deployments.filter((other) => other.id !== id),
    ),
  }));
  const owners = new Map<string, string>();
  try {
    for (const checksum of all) {
      const alone = without.filter(({ kept }) => !kept.has(checksum)).map(({ id }) => id);
      const owner = alone.length === 1 ? (alone[0] ?? '') : '';
      // its signatures lie beside a commit
      for (const name of [...reachable(checksum), `${checksum}.commitmeta`])
        owners.set(name, [undefined, owner].includes(owners.get(name)) ? owner : '');
    }
  } catch {
    return undefined;
  }
  const bytes = new Map<string, number>();
  for (const [name, owner] of owners) bytes.set(owner, (bytes.get(owner) ?? 0) + (sizes.get(name) ?? 0));
  return bytes;
}

/** `CHECKSUM.TYPE` -> allocated bytes, from one walk over the repository. */
function objectSizes(objects: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { name: prefix } of entries(objects)) {
    const folder = path.join(objects, prefix);
    for (const { name } of entries(folder)) sizes.set(prefix + name, bytesOf(path.join(folder, name)));
  }
  return sizes;
}

/** The files of its /usr are the repository's: only directories are looked at there. */
function deploymentBytes(directory: string): number {
  const usr = path.join(directory, 'usr');
  return treeBytes(directory, (place) => place === usr) + bytesOf(`${directory}.origin`);
}

/** Of what is on the same file system. `onlyDirectories`: whether none of the files below counts. */
function treeBytes(directory: string, onlyDirectories = (_place: string): boolean => false): number {
  const device = lstatSync(directory, { throwIfNoEntry: false })?.dev;
  const visit = (at: string, files: boolean): number => {
    let sum = bytesOf(at);
    for (const entry of entries(at)) {
      if (!files && !entry.isDirectory()) continue;
      const place = path.join(at, entry.name);
      const stat = lstatSync(place, { throwIfNoEntry: false });
      if (stat?.dev !== device) continue;
      if (stat?.isDirectory()) sum += visit(place, files && !onlyDirectories(place));
      // more links: the object is in the repository and counted there
      else if (stat?.nlink === 1) sum += stat.blocks * 512;
    }
    return sum;
  };
  return visit(directory, true);
}

function entries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return [];
    throw error;
  }
}

function bytesOf(file: string): number {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat ? stat.blocks * 512 : 0;
}
