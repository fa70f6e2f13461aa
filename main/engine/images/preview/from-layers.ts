// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, nameInNevra, type Package, type PackageChange, type UnknownOfImage } from '../../../../shared/domain/index.ts';
import { byName, diffPackages, type DescribedPackage } from '../../base/diff/index.ts';
import { isKey, type BootedImage } from './booted.ts';
import type { ImageFacts, LayerFacts } from './facts.ts';
import type { Told } from './told.ts';

/** Layers of `of` that `other` hasn't got, by their content. */
export function newLayers(of: ImageFacts, other: ImageFacts | undefined): LayerFacts[] {
  const here = new Set(other?.layers.map(({ diffId }) => diffId));
  const all = new Map(of.layers.map((layer) => [layer.diffId, layer]));
  return [...all.values()].filter(({ diffId }) => !here.has(diffId));
}

/**
 * From what layers that differ are named after: names may have changed, come or gone; a NEVRA is in the new image, unless a larger layer lies on top that nobody
 * says anything about. Packages that are gone are named by the booted image's layers.
 */
export function fromLayers(now: ImageFacts, before: ImageFacts, booted: BootedImage): Told | undefined {
  const [come, gone] = [newLayers(now, before), newLayers(before, now)];
  if (![...now.layers, ...before.layers].some(({ names, parts }) => names.length + parts.length > 0)) return undefined;
  const installed = byName(booted.packages.filter((p) => !isKey(p)));
  const sources = bySource(booted.packages);
  const touched = new Set([...come, ...gone].flatMap((layer) => binaryNames(layer, installed, sources)));
  const told = isCovered(now) ? [] : now.layers.flatMap(({ exact }) => exact);
  const packages = exactChanges(told, come, installed);
  const isSettled = settled(told, installed, packages);
  for (const { name } of told) if (isSettled(name)) touched.delete(name);
  const incomplete = [...come, ...gone].some(({ complete }) => !complete);
  const bySourceOnly = [...come, ...gone].some(({ from, names }) => from === 'chunkah' && names.length > 0) && sources.size === 0;
  const open = touched.size > 0 || incomplete;
  const cannotKnow: UnknownOfImage[] = [
    ...(incomplete || bySourceOnly ? (['packages'] as const) : []),
    ...(open ? (['versions', 'added-or-removed'] as const) : []),
    ...(touched.size > 0 ? (['which-of-a-layer'] as const) : []),
    'changelogs',
    'advisories',
  ];
  return { tier: 'layers', source: 'layers', packages, touched: [...touched].sort(), cannotKnow };
}

/** Whether a layer that nobody names lies above named ones: it may replace what those hold. */
function isCovered({ layers }: ImageFacts): boolean {
  const top = layers.findLastIndex(({ from }) => from !== 'none');
  return layers.some(({ from, complete }, i) => i > top && from === 'none' && !complete);
}

/** Changes that NEVRAs of new layers prove: of names that are here once, and told once, for their architecture. */
function exactChanges(
  told: readonly Package[],
  come: readonly LayerFacts[],
  installed: ReadonlyMap<string, readonly Package[]>,
): PackageChange[] {
  const fresh = new Set(come.flatMap(({ exact }) => exact.map(formatNevra)));
  const changes: PackageChange[] = [];
  for (const [name, all] of byName(told)) {
    const here = installed.get(name) ?? [];
    for (const p of all) {
      if (!fresh.has(formatNevra(p)) || here.some((h) => formatNevra(h) === formatNevra(p))) continue;
      const partners = here.filter((h) => h.arch === p.arch || h.arch === 'noarch' || p.arch === 'noarch');
      const rivals = all.filter((q) => q.arch === p.arch || q.arch === 'noarch' || p.arch === 'noarch');
      if (rivals.length === 1 && partners.length <= 1) changes.push(...diffPackages(partners, [p]));
    }
  }
  return changes.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Names of which everything is known: each installed version is either changed as told, or told to be in the new image. */
function settled(
  told: readonly Package[],
  installed: ReadonlyMap<string, readonly Package[]>,
  packages: readonly PackageChange[],
): (name: string) => boolean {
  const nevras = new Set(told.map(formatNevra));
  const left = new Set(packages.flatMap(({ from }) => (from ? [formatNevra(from)] : [])));
  const arrived = new Set(packages.flatMap(({ to }) => (to ? [formatNevra(to)] : [])));
  const toldByName = byName(told);
  return (name) => {
    const here = installed.get(name) ?? [];
    const isHere = new Set(here.map(formatNevra));
    return (
      here.every((p) => left.has(formatNevra(p)) || nevras.has(formatNevra(p))) &&
      (toldByName.get(name) ?? []).every((p) => arrived.has(formatNevra(p)) || isHere.has(formatNevra(p)))
    );
  };
}

/** chunkah's components are source packages: their binary ones are known of those that are installed. */
function binaryNames(
  { from, names }: LayerFacts,
  installed: ReadonlyMap<string, readonly Package[]>,
  sources: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (from !== 'chunkah') return names;
  return names.flatMap((name) => {
    const binary = sources.get(name) ?? [];
    return binary.length === 0 || installed.has(name) ? [...binary, name] : binary;
  });
}

function bySource(packages: readonly DescribedPackage[]): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, string[]>();
  for (const { name, sourceRpm } of packages) {
    const source = sourceRpm === undefined ? undefined : nameInNevra(sourceRpm.replace(/\.rpm$/, ''));
    if (source === undefined) continue;
    const list = sources.get(source);
    if (list) list.push(name);
    else sources.set(source, [name]);
  }
  return sources;
}
