// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import type { RpmPackage } from '../ports/rpm.ts';
import type { OwnerOf } from './errors.ts';

/**
 * Tells the package that brings a path, by the packages' own lists: it, or for a directory that none lists something below it. `treePath` says where in the tree
 * one of their paths goes.
 */
export function ownersOf(packages: readonly RpmPackage[], treePath: (path: string, mode: number) => string): OwnerOf {
  let owners: Map<string, string> | undefined;
  return (path) => {
    owners ??= new Map(packages.flatMap((pkg) => pkg.files.map((file) => [treePath(file.path, file.mode), formatNevra(pkg)] as const)));
    return owners.get(path) ?? [...owners].find(([each]) => each.startsWith(`${path}/`))?.[1];
  };
}
