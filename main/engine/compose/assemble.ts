import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { PackageCache } from '../ports/compose-store.ts';
import { rpmFileFlag, type RpmPackage } from '../ports/rpm.ts';
import type { Treefile } from './treefile.ts';
import { isDirectoryMode, isLinkMode, treePath } from './tree-path.ts';

/** Directories that exist while scripts run; what isn't part of a tree is taken away afterwards. */
const scaffold = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr/etc', 'var/lib', 'var/tmp'];

/** Put all packages together in `root` by hard links, in the given order. Files that the treefile doesn't want are left out. */
export function assemble(
  cache: PackageCache,
  packages: readonly { readonly header: RpmPackage; readonly commit: string }[],
  treefile: Treefile,
  root: string,
  done: (count: number) => void,
): void {
  mkdirSync(root, { recursive: true, mode: 0o755 });
  packages.forEach(({ header, commit }, i) => {
    const unwanted = unwantedPaths(header, treefile);
    cache.checkout(commit, root, unwanted.size > 0 ? (p) => !unwanted.has(p.replace(/^\/+/, '')) : undefined);
    done(i + 1);
  });
  for (const name of scaffold) {
    const directory = path.join(root, name);
    if (existsSync(directory)) continue;
    mkdirSync(directory, { recursive: true });
    if (path.basename(name) === 'tmp') chmodSync(directory, 0o1777);
  }
}

/** Paths of documentation (when it isn't wanted) and of remove-from-packages, as the tree names them. */
function unwantedPaths(pkg: RpmPackage, treefile: Treefile): Set<string> {
  const patterns = treefile.removeFromPackages
    .filter(([name]) => name === pkg.name)
    .flatMap(([, ...list]) => list.map((pattern) => compile(pattern, treefile)));
  const unwanted = new Set<string>();
  if (patterns.length === 0 && treefile.documentation) return unwanted;
  for (const file of pkg.files) {
    const isDoc = !treefile.documentation && (file.flags & rpmFileFlag.doc) !== 0 && !isDirectoryMode(file.mode);
    if (isDoc || patterns.some((p) => p.test(file.path))) unwanted.add(treePath(file.path, isLinkMode(file.mode)));
  }
  return unwanted;
}

/** rpm-ostree anchors these at the start: a regular expression, matched from the path's beginning. */
function compile(pattern: string, treefile: Treefile): RegExp {
  try {
    return new RegExp(`^(?:${pattern})`);
  } catch (error) {
    throw new TreelineError('treefile.invalid-value', {
      ...treefile.placeOf('remove-from-packages'),
      key: 'remove-from-packages',
      detail: (error as Error).message,
    });
  }
}
