// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Dirtree } from '../../base/ports/gvariant-types.ts';
import type { SysrootPort } from '../../base/ports/sysroot.ts';
import { bootFileNames } from '../../base/boot/boot-files.ts';

/** Boot entries, device trees, directory blocks. */
const marginBytes = 1 << 20;

export interface BootFile {
  readonly path: string;
  readonly checksum: string;
}

/** What libostree copies to /boot: kernel, initramfs and device trees of usr/lib/modules/VERSION. Empty when there are none. */
export function bootFiles(sysroot: SysrootPort, checksum: string): BootFile[] {
  const load = (tree: string): Dirtree => sysroot.repo.loadMetadata('dirtree', tree);
  let tree = load(sysroot.repo.loadCommit(checksum).rootDirtree);
  for (const name of ['usr', 'lib', 'modules']) {
    const next = tree[1].find(([n]) => n === name);
    if (!next) return [];
    tree = load(next[1].toString('hex'));
  }
  return tree[1].flatMap(([version, dir]) =>
    load(dir.toString('hex'))[0]
      .filter(([name]) => bootFileNames.test(name))
      .map(([name, sum]) => ({ path: `usr/lib/modules/${version}/${name}`, checksum: sum.toString('hex') })),
  );
}

/**
 * What /boot needs for these files and what it has, in bytes. Nothing is needed when an existing deployment has the same there already.
 * undefined: there is no /boot. `sizeOf` gives a file's bytes.
 */
export function bootSpace(
  sysroot: SysrootPort,
  files: readonly BootFile[],
  sizeOf: (checksum: string) => number,
): { readonly boot: string; readonly needBytes: number; readonly freeBytes: number } | undefined {
  const boot = path.join(sysroot.path, 'boot');
  if (!existsSync(boot)) return undefined;
  const names = (list: readonly BootFile[]): string => list.map((f) => f.checksum).join();
  const present = sysroot
    .deployments()
    .filter((d) => !d.staged)
    .some((d) => sysroot.repo.hasObject('commit', d.checksum) && safely(() => names(bootFiles(sysroot, d.checksum))) === names(files));
  const { bavail, bsize } = statfsSync(boot);
  return { boot, needBytes: present ? 0 : files.reduce((sum, f) => sum + sizeOf(f.checksum), 0) + marginBytes, freeBytes: bavail * bsize };
}

/**
 * Throws `disk.boot-full` when /boot can't take the kernel and initramfs of a commit. Found out now instead of at shutdown
 * (field report 10). What an existing deployment has there already needs no room.
 */
export function requireBootSpace(sysroot: SysrootPort, checksum: string): void {
  const space = bootSpace(sysroot, bootFiles(sysroot, checksum), (sum) => sysroot.repo.objectStorageSize('file', sum));
  if (!space || space.freeBytes >= space.needBytes) return;
  const { boot, needBytes, freeBytes } = space;
  throw new TreelineError('disk.boot-full', { subject: boot, facts: { needBytes, freeBytes } });
}

function safely<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
