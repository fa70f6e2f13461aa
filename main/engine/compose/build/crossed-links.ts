// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmHeader } from '../../base/ports/rpm.ts';
import { confined } from '../../base/tree/index.ts';
import { isTreePlace } from './places.ts';
import { isDirectoryMode, isLinkMode, treePath } from '../../base/tree/tree-path.ts';

interface LinkInTree {
  readonly pkg: RpmHeader;
  readonly target: string;
}

/** A link of a package on the way to files of others, like /usr/sbin -> bin. */
export interface CrossedLink {
  /** Paths in the tree. */
  readonly link: string;
  readonly target: string;
  /** The directory that it leads to. */
  readonly directory: string;
}

export interface Crossings {
  /** Where a path of the tree really goes, links of packages followed. */
  readonly realPath: (path: string) => string;
  readonly links: readonly CrossedLink[];
  /** Packages with files beyond a link. */
  readonly packages: ReadonlySet<RpmHeader>;
}

const mostLinks = 40;
const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
const parentOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');

/**
 * Follow the links that packages bring on the way to the files of others, as rpm's fingerprints do (rpm's lib/fprint.c): rpm puts a file below a link where the link
 * leads. Throws package.file-conflict naming both packages when it leads to no directory that packages bring; rpm would stop there, or write outside of what it
 * was told. `leftOut` as in checkFileConflicts().
 */
export function followLinks(packages: readonly RpmHeader[], leftOut: ReadonlyMap<string, ReadonlySet<string>> = new Map()): Crossings {
  if (!confined) return { realPath: (path) => path, links: [], packages: new Set() };
  const links = new Map<string, LinkInTree>();
  const directories = new Set<string>();
  const files = packages.flatMap((pkg) =>
    pkg.files.flatMap((file) =>
      file.flags & rpmFileFlag.ghost || leftOut.get(pkg.path ?? '')?.has(file.path)
        ? []
        : [{ pkg, file, path: treePath(file.path, isLinkMode(file.mode)) }],
    ),
  );
  for (const { pkg, file, path } of files) {
    if (isLinkMode(file.mode)) links.set(path, { pkg, target: file.linkTarget });
    let directory = isDirectoryMode(file.mode) ? path : parentOf(path);
    while (directory !== '' && !directories.has(directory)) {
      directories.add(directory);
      directory = parentOf(directory);
    }
  }
  const crossed = new Map<string, CrossedLink>();
  const crossing = new Set<RpmHeader>();
  const known = new Map<string, string>([['', '']]);

  const follow = (link: string, hops: number): string | undefined => {
    const { target = '' } = links.get(link) ?? {};
    let at = target.startsWith('/') ? '' : parentOf(link);
    for (const part of parts(target)) {
      if (part === '..') at = parentOf(at);
      else {
        // a name in the root means what it means to a package
        at = at === '' ? treePath(`/${part}/`, false).replace(/\/$/, '') : `${at}/${part}`;
        if (links.has(at)) {
          const next = hops > mostLinks ? undefined : follow(at, hops + 1);
          if (next === undefined) return undefined;
          at = next;
        }
      }
    }
    return at;
  };

  const realDirectory = (directory: string, pkg: RpmHeader, file: string): string => {
    const cached = known.get(directory);
    if (cached !== undefined) return cached;
    const above = realDirectory(parentOf(directory), pkg, file);
    const name = directory.slice(directory.lastIndexOf('/') + 1);
    const real = above === '' ? name : `${above}/${name}`;
    const link = links.get(real);
    if (!link) {
      known.set(directory, real);
      return real;
    }
    const leads = follow(real, 0);
    const usable =
      leads !== undefined && (directories.has(leads) || (!leads.includes('/') && isTreePlace(leads)) || /^(usr\/etc$|run\/)/.test(leads));
    if (!usable || links.has(leads))
      throw new TreelineError('package.file-conflict', {
        subject: file,
        detail: `${formatNevra(link.pkg)} brings /${real} as a link to ${link.target}, and ${formatNevra(pkg)} a file below it`,
        facts: { first: formatNevra(link.pkg), second: formatNevra(pkg), path: `/${real}` },
      });
    crossed.set(real, { link: real, target: link.target, directory: leads });
    known.set(directory, leads);
    return leads;
  };

  for (const { pkg, file, path } of files) {
    const directory = parentOf(path);
    if (realDirectory(directory, pkg, file.path) !== directory) crossing.add(pkg);
  }
  return {
    realPath: (path) => {
      const directory = parentOf(path);
      const real = known.get(directory) ?? directory;
      return real === directory ? path : `${real === '' ? '' : `${real}/`}${path.slice(directory === '' ? 0 : directory.length + 1)}`;
    },
    links: [...crossed.values()],
    packages: crossing,
  };
}
