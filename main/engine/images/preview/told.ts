// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Advisory, ImageTier, Package, PackageChange, UnknownOfImage, UpdateDetails } from '../../../../shared/domain/index.ts';
import { formatNevra } from '../../../../shared/domain/index.ts';
import { diffPackages, mergeReleases, packagesOfPkglist, type EarlierRelease } from '../../base/diff/index.ts';
import type { ImageChanges } from '../changes-artifact.ts';
import { isKey, type BootedImage } from './booted.ts';

/** What one source tells of an update's packages. */
export interface Told {
  readonly tier: ImageTier;
  readonly source: UpdateDetails['source'];
  readonly packages: readonly PackageChange[];
  readonly touched: readonly string[];
  readonly cannotKnow: readonly UnknownOfImage[];
  readonly advisories?: readonly Advisory[];
  readonly releases?: UpdateDetails['releases'];
  readonly installedDeltaBytes?: number;
  readonly kernel?: string;
}

const nothingMore = ['changelogs', 'advisories'] as const;

export const sameContent: Told = { tier: 'same', source: 'layers', packages: [], touched: [], cannotKnow: [] };

/** Where there is no image to compare with, or it tells nothing. */
export const nothingTold: Told = {
  tier: 'none',
  source: 'none',
  packages: [],
  touched: [],
  cannotKnow: ['packages', ...nothingMore],
};

/** From the own referrer: all packages; changelogs and advisories where its releases lead to the booted commit. */
export function fromChanges(told: ImageChanges, booted: BootedImage, bootedCommit: string | undefined): Told {
  const now = packagesOfPkglist(told.packages);
  const exact = diffPackages(withoutKeys(booted.packages), withoutKeys(now));
  const kernel = now.find(({ name }) => name === 'kernel-core' || name === 'kernel');
  const common = {
    tier: 'changes' as const,
    touched: [],
    ...(kernel ? { kernel: `${kernel.version}-${kernel.release}.${kernel.arch}` } : {}),
  };
  const chain = bootedCommit === undefined ? undefined : releasesSince(told, bootedCommit);
  const releases = (chain ?? [{ checksum: told.commit, changes: told.changes }]).map(({ checksum, changes }) => ({
    version: changes?.version ?? told.version,
    checksum,
    timeSeconds: changes?.timeSeconds ?? told.timeSeconds,
    ...(changes ? { packageCount: changes.packages.length } : {}),
  }));
  const merged = chain && mergeReleases(chain.map(({ changes }) => changes).reverse());
  const described = new Map(merged?.packages.map((change) => [keyOf(change), change]));
  // the two lists are the truth; a booted image that was made of a told one differs from what its releases say
  if (!merged || !exact.every((change) => described.has(keyOf(change))) || described.size !== exact.length)
    return { ...common, source: 'pkglist', packages: exact, cannotKnow: [...nothingMore], releases: releases.slice(0, 1) };
  const { packages, advisories, installedSizeDeltaBytes: delta } = merged;
  return {
    ...common,
    source: 'treeline.changes',
    packages,
    advisories,
    // left out for their size
    cannotKnow: told.withoutChangelog?.length ? ['changelogs'] : [],
    releases,
    ...(delta === undefined ? {} : { installedDeltaBytes: delta }),
  };
}

const keyOf = ({ from, to }: PackageChange): string => `${from ? formatNevra(from) : ''} ${to ? formatNevra(to) : ''}`;

/** The image's own release and those before, newest first, up to the one after `from`; undefined when they don't lead there. */
function releasesSince({ commit, changes, history }: ImageChanges, from: string): EarlierRelease[] | undefined {
  if (!changes) return commit === from ? [] : undefined;
  const known = new Map([{ checksum: commit, changes }, ...history].map((release) => [release.checksum, release]));
  const releases: EarlierRelease[] = [];
  for (let at = commit; at !== from;) {
    const release = known.get(at);
    if (!release) return undefined;
    // each once: a list that leads back to itself ends here
    known.delete(at);
    releases.push(release);
    at = release.changes.parent ?? '';
  }
  return releases;
}

const withoutKeys = <P extends Package>(packages: readonly P[]): P[] => packages.filter((p) => !isKey(p));

/** From an SBOM: all packages, exactly. */
export function fromSbom(now: readonly Package[], booted: BootedImage): Told {
  const packages = diffPackages(withoutKeys(booted.packages), now);
  return { tier: 'sbom', source: 'sbom', packages, touched: [], cannotKnow: [...nothingMore] };
}
