// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InstalledPackage } from '../../base/ports/rpm.ts';
import type { ImageSource } from '../../base/ports/container.ts';
import { isLinkMode, treePath } from '../../base/tree/tree-path.ts';
import { databasePlaces } from '../build/rootfs.ts';
import type { Component } from './chunks.ts';
import type { TreeIndex } from './tree-index.ts';

const yearSeconds = 365 * 86_400;

/** `bash-5.2-1.src.rpm` -> `bash`. */
const sourceName = (pkg: InstalledPackage): string => /^(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm$/.exec(pkg.sourceRpm ?? '')?.[1] ?? pkg.name;

/** Made by compose out of many packages: changes with every one of them, so each is alone. */
function specialName(file: string): string | undefined {
  if (databasePlaces.some((place) => file.startsWith(`${place.slice(1)}/`))) return 'rpmdb';
  return /^usr\/lib\/modules\/[^/]+\/initramfs\.img$/.test(file) ? 'initramfs' : undefined;
}

function changesPerYear(packages: readonly InstalledPackage[]): number {
  return Math.max(
    0,
    ...packages.map(({ changelog = [] }) => {
      const newest = changelog[0]?.timeSeconds ?? 0;
      return changelog.filter((entry) => entry.timeSeconds > newest - yearSeconds).length;
    }),
  );
}

/** Which content and which packages belong to which component. What belongs to none (written by scripts or compose) is left over. */
export function componentsOf(
  tree: TreeIndex,
  packages: readonly InstalledPackage[],
  source: ImageSource,
): {
  readonly components: Component[];
  readonly packages: ReadonlyMap<string, readonly InstalledPackage[]>;
  readonly rest: readonly string[];
} {
  const bySource = new Map<string, InstalledPackage[]>();
  for (const pkg of packages) bySource.set(sourceName(pkg), [...(bySource.get(sourceName(pkg)) ?? []), pkg]);
  const owner = new Map<string, string>();
  for (const [name, list] of [...bySource].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const pkg of list)
      for (const file of pkg.files?.() ?? []) {
        const at = treePath(file.path, isLinkMode(file.mode));
        if (!owner.has(at)) owner.set(at, name);
      }
  const objects = new Map<string, string[]>();
  const rest: string[] = [];
  for (const [checksum, paths] of [...tree.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // an object that several components have is in the layer of the first of them
    const name = paths.map((p) => specialName(p) ?? owner.get(p)).find((n) => n !== undefined);
    if (name === undefined) rest.push(checksum);
    else objects.set(name, [...(objects.get(name) ?? []), checksum]);
  }
  const components = [...objects].map(([name, list]) => ({
    name,
    sizeBytes: list.reduce((sum, checksum) => sum + source.repo.objectStorageSize('file', checksum), 0),
    changesPerYear: changesPerYear(bySource.get(name) ?? []),
    objects: list,
  }));
  return { components: components.sort((a, b) => (a.name < b.name ? -1 : 1)), packages: bySource, rest };
}
