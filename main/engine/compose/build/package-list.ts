// SPDX-License-Identifier: LGPL-2.1-or-later
import type { AvailablePackage } from '../../../../shared/domain/index.ts';
import type { DraftParams } from './params.ts';
import type { Catalog } from '../../base/ports/resolver.ts';
import { loadRepos } from '../treefile/repo-file.ts';
import { loadTreefile } from '../treefile/treefile.ts';
import { openCachedir } from './workdir.ts';

/** Packages that a treefile could name: what its repositories have and it doesn't exclude. */
export function listPackages(params: DraftParams & { readonly cachedir?: string }, catalog: Catalog): AvailablePackage[] {
  const treefile = loadTreefile(params.treefile, params.text);
  const cachedir = openCachedir(params.cachedir);
  return catalog({
    ...{ cachedir, repos: loadRepos(treefile), releasever: treefile.releasever, excludes: treefile.excludePackages },
    ...(treefile.platformModule === undefined ? {} : { platformModule: treefile.platformModule }),
  });
}
