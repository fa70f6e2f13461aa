// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../../base/ports/rpm.ts';
import type { Treefile } from '../treefile/treefile.ts';
import { isDirectoryMode } from '../../base/tree/tree-path.ts';

/** Paths of a package that the treefile doesn't want: documentation, other languages (install-langs), remove-from-packages. */
export function filesLeftOut(pkg: RpmPackage, treefile: Treefile): ReadonlySet<string> {
  const patterns = treefile.removeFromPackages
    .filter(([name]) => name === pkg.name)
    .flatMap(([, ...list]) => list.map((pattern) => compile(pattern, treefile)));
  const { documentation, installLangs } = treefile;
  const unwanted = new Set<string>();
  if (patterns.length === 0 && documentation && installLangs.length === 0) return unwanted;
  for (const file of pkg.files) {
    const isDoc = !documentation && (file.flags & rpmFileFlag.doc) !== 0 && !isDirectoryMode(file.mode);
    if (isDoc || isOtherLanguage(file, installLangs) || patterns.some((p) => p.test(file.path))) unwanted.add(file.path);
  }
  return unwanted;
}

/** rpm's rule (%_install_langs): one of the file's languages is exactly one that is wanted; `all` wants every one. */
function isOtherLanguage(file: RpmFile, wanted: readonly string[]): boolean {
  if (wanted.length === 0 || file.lang === '' || wanted.includes('all') || isDirectoryMode(file.mode)) return false;
  return !file.lang.split('|').some((lang) => lang !== '' && wanted.some((w) => w.startsWith(lang)));
}

/** rpm-ostree anchors these at the start: a regular expression, matched from the path's beginning. */
function compile(pattern: string, treefile: Treefile): RegExp {
  try {
    return new RegExp(`^(?:${pattern})`);
  } catch (error) {
    throw new TreelineError('treefile.invalid-value', {
      ...treefile.placeOf('remove-from-packages'),
      key: 'remove-from-packages',
      detail: messageOf(error),
    });
  }
}
