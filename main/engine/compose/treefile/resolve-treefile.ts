// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { PackageLock, RepoDefinition, Resolution, Resolver } from '../../base/ports/resolver.ts';
import { releaseverOf } from './source-root.ts';
import type { Treefile } from './treefile.ts';

export interface ResolveOptions {
  readonly cachedir: string;
  readonly cacheOnly: boolean;
  /** Address of a proxy for HTTP. */
  readonly proxy?: string | undefined;
  /** A root file system whose repositories and variables are taken. */
  readonly sourceRoot?: string | undefined;
  readonly locks?: readonly PackageLock[];
  /** Install nothing that isn't locked. */
  readonly lockedOnly?: boolean | undefined;
}

/** Ask libdnf for what a treefile wants. Errors about a package name say where the treefile names it. */
export function resolveTreefile(
  treefile: Treefile,
  repos: readonly RepoDefinition[],
  options: ResolveOptions,
  resolve: Resolver,
): Resolution {
  return placed(treefile, () =>
    resolve({
      cachedir: options.cachedir,
      repos,
      releasever: releaseverOf(treefile, options.sourceRoot),
      packages: treefile.packages,
      repoPackages: treefile.repoPackages,
      excludes: treefile.excludePackages,
      recommends: treefile.recommends,
      ...(treefile.platformModule === undefined ? {} : { platformModule: treefile.platformModule }),
      ...(options.cacheOnly ? { cacheOnly: true } : {}),
      ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
      ...(options.locks ? { locks: options.locks } : {}),
      ...(options.lockedOnly ? { lockedOnly: true } : {}),
    }),
  );
}

/** Errors about a package name get the place where the treefile names it. */
function placed<T>(treefile: Treefile, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TreelineError) || error.report.subject === undefined || error.report.file !== undefined) throw error;
    const { code, ...fields } = error.report;
    const { subject, facts } = error.report;
    const pinned = code === 'package.not-found' && facts?.['repo'] !== undefined;
    if (pinned) {
      const place = treefile.repoPackages.find((each) => each.repo === facts['repo'] && each.packages.includes(subject))?.place;
      throw new TreelineError(code, { ...fields, ...place, key: 'repo-packages' }, { cause: error });
    }
    const key = code === 'package.not-found' ? 'packages' : code === 'package.excluded' ? 'exclude-packages' : undefined;
    if (!key) throw error;
    throw new TreelineError(code, { ...fields, ...treefile.placeOf(key, subject), key }, { cause: error });
  }
}
