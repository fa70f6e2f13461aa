// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareVersions, type Package, type PackageChange, type UnknownOfImage } from '../../../../shared/domain/index.ts';
import { byName } from '../../base/diff/index.ts';
import { isKey, type BootedImage } from './booted.ts';
import type { RechunkInfo, VersionRelease } from './rechunk.ts';
import type { Told } from './told.ts';

/**
 * From rechunk's label. An epoch that isn't told is taken to be the installed package's, so that it is never a change by itself; architectures stay ''. `before`:
 * the booted image's label. What it says else than the installed packages shows which of them were put there by who made an image of a rechunked one, whose label
 * such an image keeps.
 */
export function fromRechunk(now: RechunkInfo, before: RechunkInfo | undefined, booted: BootedImage, layerCount: number): Told {
  const installed = byName(booted.packages.filter((p) => !isKey(p)));
  const packages: PackageChange[] = [];
  const touched: string[] = [];
  let isTrusted = true;
  for (const [name, to] of now.packages) {
    const here = installed.get(name) ?? [];
    const was = before?.packages.get(name);
    const isSame = was ? was.version === to.version && was.release === to.release : undefined;
    // put there, or taken away, on top of what the label tells
    if (before && (was ? !here.some((p) => fits(p, was)) : here.length > 0)) {
      isTrusted = false;
      touched.push(name);
    } else if (here.length === 0) packages.push({ kind: 'added', name, arch: '', to: { ...unknownOf(name, to), epoch: 0 } });
    else if (isSame) continue;
    else if (new Set(here.map((p) => `${p.version}-${p.release}`)).size > 1) {
      // of several versions one is told: without the booted image's label nobody knows whether it's the same one
      if (before || !here.some((p) => fits(p, to))) touched.push(name);
    } else {
      const [from] = here;
      if (from && !fits(from, to)) packages.push(change(from, to));
    }
  }
  for (const [name, here] of installed) {
    if (now.packages.has(name)) continue;
    if (before && !before.packages.has(name)) {
      isTrusted = false;
      touched.push(name);
    } else for (const from of here) packages.push({ kind: 'removed', name, arch: from.arch, from: plain(from) });
  }
  const several = [...installed.values()].some((here) => here.length > 1);
  // ostree-ext puts the commit's own layer beside those of the tool; more than that was put on top
  const onTop = now.layerCount !== undefined && now.layerCount > 0 && layerCount > now.layerCount + 2;
  const cannotKnow: UnknownOfImage[] = [
    ...(!isTrusted || several || onTop ? (['packages'] as const) : []),
    ...(touched.length > 0 || onTop ? (['versions', 'added-or-removed'] as const) : []),
    'epochs',
    'architectures',
    'changelogs',
    'advisories',
  ];
  const changed = onTop ? [] : packages;
  return {
    tier: 'rechunk',
    source: 'rechunk',
    packages: changed.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    touched: [...new Set([...touched, ...(onTop ? packages.map(({ name }) => name) : [])])].sort(),
    cannotKnow,
  };
}

const fits = (p: Package, told: VersionRelease): boolean => p.version === told.version && p.release === told.release;
const unknownOf = (name: string, { version, release }: VersionRelease): Omit<Package, 'epoch'> => ({ name, version, release, arch: '' });
const plain = ({ name, epoch, version, release, arch }: Package): Package => ({ name, epoch, version, release, arch });

function change(from: Package, to: VersionRelease): PackageChange {
  const order = compareVersions(to.version, from.version) || compareVersions(to.release, from.release);
  const { name, epoch } = from;
  return { kind: order < 0 ? 'downgraded' : 'upgraded', name, arch: '', from: plain(from), to: { ...unknownOf(name, to), epoch } };
}
