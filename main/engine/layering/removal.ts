// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { RpmHeader } from '../base/ports/rpm.ts';
import type { Tree } from '../base/tree/index.ts';
import { isDirectoryMode, isLinkMode, treePath } from '../base/tree/tree-path.ts';

const placesOf = (pkg: RpmHeader): { path: string; isDirectory: boolean }[] =>
  pkg.files.map(({ path, mode }) => ({ path: treePath(path, isLinkMode(mode)), isDirectory: isDirectoryMode(mode) }));

/** A kernel is more than its files: boot entries, an initramfs, modules of others. */
const isKernel = (path: string): boolean => /^(usr\/lib\/modules\/[^/]+\/vmlinuz|boot\/vmlinuz-.*)$/.test(path);

/**
 * Take packages of the base out of a tree, which are left out or replaced: what no other package has. Their scripts aren't run, as rpm-ostree doesn't; a directory stays while
 * something is in it. Throws not-supported for a kernel.
 */
export function removePackages(tree: Tree, gone: readonly RpmHeader[], kept: readonly RpmHeader[]): void {
  const owned = new Set(kept.flatMap((pkg) => placesOf(pkg).map(({ path }) => path)));
  const directories = new Set<string>();
  for (const pkg of gone)
    for (const { path, isDirectory } of placesOf(pkg)) {
      if (isKernel(path)) throw new TreelineError('not-supported', { subject: `Leaving out or replacing the kernel ${formatNevra(pkg)}` });
      if (owned.has(path)) continue;
      if (isDirectory) directories.add(path);
      else if (!tree.isDirectory('checkout', path)) tree.remove('checkout', path);
    }
  // the deepest first
  for (const path of [...directories].sort().reverse())
    if (tree.isDirectory('checkout', path) && tree.names('checkout', path).length === 0) tree.remove('checkout', path);
}
