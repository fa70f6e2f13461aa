// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Package } from '../../../../shared/domain/index.ts';
import { comparePackages } from './packages.ts';

/** One row of `rpmostree.rpmdb.pkglist`, a(sssss): name, epoch ("0" when there is none), version, release, arch. */
export type PkglistRow = readonly [name: string, epoch: string, version: string, release: string, arch: string];

export function packagesOfPkglist(rows: Iterable<readonly string[]>): Package[] {
  return [...rows].map(([name = '', epoch = '', version = '', release = '', arch = '']) => ({
    name,
    // "(none)" was written by some old tools
    epoch: /^\d+$/.test(epoch) ? Number(epoch) : 0,
    version,
    release,
    arch,
  }));
}

/** Rows sorted by NEVRA, so that equal trees have equal metadata. */
export function pkglistOfPackages(packages: Iterable<Package>): PkglistRow[] {
  return [...packages].sort(comparePackages).map((p) => [p.name, String(p.epoch), p.version, p.release, p.arch]);
}
