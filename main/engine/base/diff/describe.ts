// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  compareEvr,
  formatNevra,
  parseNevra,
  type Advisory,
  type ChangelogEntry,
  type Package,
  type PackageChange,
  type PackageDetails,
} from '../../../../shared/domain/index.ts';
import { newChangelogEntries } from './changelog.ts';

/** A package with what the header of a tree's RPM database says about it. */
export interface DescribedPackage extends PackageDetails {
  readonly changelog?: readonly ChangelogEntry[];
  /** As newChangelogEntries for the usual case, without decoding what is the same (see ports/rpm.ts). */
  addedTo?(old: DescribedPackage): readonly ChangelogEntry[] | undefined;
}

/** Packages by NEVRA, for describeChanges. */
export function indexPackages(packages: Iterable<DescribedPackage>): Map<string, DescribedPackage> {
  const index = new Map<string, DescribedPackage>();
  for (const p of packages) index.set(formatNevra(p), p);
  return index;
}

export interface Described {
  readonly changes: PackageChange[];
  /** Those of the given advisories that touch a change, in the given order. */
  readonly advisories: Advisory[];
}

/** Add summary, size, new changelog entries (of upgraded packages whose both changelogs are known) and advisories to changes. */
export function describeChanges(
  changes: Iterable<PackageChange>,
  from: ReadonlyMap<string, DescribedPackage>,
  to: ReadonlyMap<string, DescribedPackage>,
  advisories: readonly Advisory[] = [],
): Described {
  const shipped = indexAdvisories(advisories);
  const used = new Set<string>();
  const described = [...changes].map((change) => {
    const old = change.from && from.get(formatNevra(change.from));
    const now = change.to && to.get(formatNevra(change.to));
    const ids = advisoriesOf(change, shipped);
    for (const id of ids) used.add(id);
    const changelog = change.kind === 'upgraded' && old && now ? news(old, now) : [];
    const summary = now?.summary ?? old?.summary;
    const size = sizeDelta(change, old, now);
    return {
      ...change,
      ...(summary ? { summary } : {}),
      ...(size === undefined ? {} : { sizeDeltaBytes: size }),
      ...(changelog.length > 0 ? { changelog } : {}),
      ...(ids.length > 0 ? { advisories: ids } : {}),
    };
  });
  return { changes: described, advisories: advisories.filter((a) => used.has(a.id)) };
}

function news(old: DescribedPackage, now: DescribedPackage): readonly ChangelogEntry[] {
  return now.addedTo?.(old) ?? (old.changelog && now.changelog ? newChangelogEntries(old.changelog, now.changelog) : []);
}

function sizeDelta(change: PackageChange, old?: DescribedPackage, now?: DescribedPackage): number | undefined {
  const before = change.from ? old?.installedSizeBytes : 0;
  const after = change.to ? now?.installedSizeBytes : 0;
  return before === undefined || after === undefined ? undefined : after - before;
}

type Shipped = Map<string, { id: string; package: Package }[]>;

/** What advisories ship, by package name. */
function indexAdvisories(advisories: readonly Advisory[]): Shipped {
  const shipped: Shipped = new Map();
  for (const advisory of advisories) {
    for (const nevra of advisory.packages) {
      const p = parseNevra(nevra);
      if (!p) continue;
      const list = shipped.get(p.name) ?? [];
      list.push({ id: advisory.id, package: p });
      shipped.set(p.name, list);
    }
  }
  return shipped;
}

/**
 * Ids of the advisories that a change brings: those that ship exactly the new package, or in an upgrade one between the old and the new
 * (a skipped release's fix is in there, too).
 */
function advisoriesOf(change: PackageChange, shipped: Shipped): string[] {
  const { from, to } = change;
  if (!to) return [];
  const upgradedFrom = change.kind === 'upgraded' ? from : undefined;
  const ids = (shipped.get(change.name) ?? [])
    .filter(({ package: p }) => p.arch === to.arch || p.arch === 'noarch' || to.arch === 'noarch')
    .filter(({ package: p }) => (upgradedFrom ? compareEvr(p, upgradedFrom) > 0 && compareEvr(p, to) <= 0 : compareEvr(p, to) === 0))
    .map(({ id }) => id);
  return [...new Set(ids)];
}
