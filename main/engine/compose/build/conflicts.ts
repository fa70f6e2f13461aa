// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmFile, type RpmHeader } from '../../base/ports/rpm.ts';
import { followLinks, type Crossings } from './crossed-links.ts';
import { fileType, isDirectoryMode, isLinkMode, treePath } from '../../base/tree/tree-path.ts';

interface Owner {
  readonly pkg: RpmHeader;
  readonly file: RpmFile;
}

const kind = (file: RpmFile): number => file.mode & fileType.mask;

/** rpm's rule: sharing a path is fine for directories and for files that are the same in type, content and attributes. */
function same(a: Owner, b: Owner): boolean {
  const [x, y] = [a.file, b.file];
  if (kind(x) !== kind(y)) return false;
  if (isDirectoryMode(x.mode)) return true;
  if (isLinkMode(x.mode)) return x.linkTarget === y.linkTarget;
  return (
    a.pkg.fileDigestAlgo === b.pkg.fileDigestAlgo &&
    x.digest === y.digest &&
    x.mode === y.mode &&
    x.user === y.user &&
    x.group === y.group &&
    x.caps === y.caps
  );
}

interface ConflictRules {
  readonly leftOut?: ReadonlyMap<string, ReadonlySet<string>>;
  readonly mayReplace?: (pkg: RpmHeader) => boolean;
}

/**
 * Throws package.file-conflict naming both packages when two of them hold different things at one path of the tree, links of packages on the way followed, or
 * when such a link leads nowhere. `leftOut`: package file -> what the tree doesn’t get of it. `mayReplace`: whose files take the place of those of packages
 * before it. Returns the links that are on the way.
 */
export function checkFileConflicts(
  packages: readonly RpmHeader[],
  { leftOut = new Map(), mayReplace = () => false }: ConflictRules = {},
): Crossings {
  const crossings = followLinks(packages, leftOut);
  const owners = new Map<string, Owner>();
  for (const pkg of packages) {
    for (const file of pkg.files) {
      if (file.flags & rpmFileFlag.ghost || leftOut.get(pkg.path ?? '')?.has(file.path)) continue;
      const path = crossings.realPath(treePath(file.path, isLinkMode(file.mode)));
      const mine = { pkg, file };
      const other = owners.get(path);
      if (!other || (mayReplace(pkg) && !mayReplace(other.pkg) && kind(file) === kind(other.file))) owners.set(path, mine);
      else if (other.pkg !== pkg && !same(other, mine))
        throw new TreelineError('package.file-conflict', {
          subject: file.path,
          detail: `both ${formatNevra(other.pkg)} and ${formatNevra(pkg)} bring it, and not the same`,
          facts: { first: formatNevra(other.pkg), second: formatNevra(pkg) },
        });
    }
  }
  return crossings;
}
