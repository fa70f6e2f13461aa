// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  formatNevra,
  type DeployedPackage,
  type DeployedPackages,
  type FoundPackage,
  type PackageDetails,
} from '../../shared/domain/index.ts';
import type { Wish } from './package-plan.ts';

export const segments = ['all', 'layered', 'local', 'replaced', 'removed', 'inactive', 'base'] as const;
export type Segment = (typeof segments)[number];

/** A line of the Packages page: of the tree, or of what isn't in it. */
export type PackageRow =
  | { readonly kind: 'heading'; readonly of: 'here' | 'repos'; readonly count: number }
  | { readonly kind: 'here'; readonly pkg: DeployedPackage }
  | { readonly kind: 'removed'; readonly pkg: PackageDetails }
  | { readonly kind: 'inactive'; readonly request: string }
  | { readonly kind: 'found'; readonly pkg: FoundPackage };

export function rowKey(row: PackageRow): string {
  switch (row.kind) {
    case 'heading':
      return `heading ${row.of}`;
    case 'inactive':
      return `inactive ${row.request}`;
    default:
      return `${row.kind} ${formatNevra(row.pkg)}`;
  }
}

export const rowName = (row: Exclude<PackageRow, { kind: 'heading' }>): string => (row.kind === 'inactive' ? row.request : row.pkg.name);

/** How many are in each segment; `all` is what the tree holds. */
export function segmentCounts({ packages, removed, inactive }: DeployedPackages): Readonly<Record<Segment, number>> {
  const of = (part: DeployedPackage['part']): number => packages.filter((pkg) => pkg.part === part).length;
  return {
    ...{ all: packages.length, base: of('base'), layered: of('layered'), local: of('local'), replaced: of('replaced') },
    ...{ removed: removed.length, inactive: inactive.length },
  };
}

export const searchWords = (query: string): string[] => query.toLowerCase().split(/\s+/).filter(Boolean);

const slot = ({ name, arch }: { readonly name: string; readonly arch: string }): string => `${name}.${arch}`;

/**
 * What a segment shows of a query: all words somewhere in name, summary or version. `found`: what repositories have that isn't here, shown below everything with
 * headings between the two.
 */
export function packageRows(
  list: DeployedPackages,
  segment: Segment,
  query: string,
  found: readonly FoundPackage[] | undefined,
): readonly PackageRow[] {
  const words = searchWords(query);
  const fits = (...texts: readonly (string | undefined)[]): boolean => {
    const text = texts.join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const named = (pkg: PackageDetails): boolean => fits(formatNevra(pkg), pkg.summary);
  const here = list.packages.filter((pkg) => (segment === 'all' || pkg.part === segment) && named(pkg));
  const gone = segment === 'all' || segment === 'removed' ? list.removed.filter(named) : [];
  const idle = segment === 'all' || segment === 'inactive' ? list.inactive.filter((request) => fits(request)) : [];
  // with a word somebody looks for everything of that name; without one, for what is here
  const whole = segment !== 'all' || words.length > 0;
  const own: readonly PackageRow[] = [
    ...here.map((pkg) => ({ kind: 'here', pkg }) as const),
    ...(whole ? gone.map((pkg) => ({ kind: 'removed', pkg }) as const) : []),
    ...(whole ? idle.map((request) => ({ kind: 'inactive', request }) as const) : []),
  ];
  const known = new Set([...list.packages, ...list.removed].map(slot));
  const seen = new Set<string>();
  const others = (found ?? []).filter((pkg) => !known.has(slot(pkg)) && !seen.has(slot(pkg)) && seen.add(slot(pkg)));
  if (others.length === 0) return own;
  return [
    ...(own.length > 0 ? [{ kind: 'heading', of: 'here', count: own.length } as const, ...own] : []),
    { kind: 'heading', of: 'repos', count: others.length },
    ...others.map((pkg) => ({ kind: 'found', pkg }) as const),
  ];
}

/** The architecture of most packages: what a bare name stands for. */
export function mainArch({ packages }: DeployedPackages): string {
  const counts = new Map<string, number>();
  for (const { arch } of packages) if (arch !== 'noarch') counts.set(arch, (counts.get(arch) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

/** What may be wished about a row; undefined: nothing, as for what came along with something else. */
export function wishOf(row: PackageRow, arch: string): Wish | undefined {
  switch (row.kind) {
    case 'heading':
      return undefined;
    case 'found': {
      const { name } = row.pkg;
      return { kind: 'add', spec: row.pkg.arch === arch || row.pkg.arch === 'noarch' ? name : slot(row.pkg), name };
    }
    case 'inactive':
      return { kind: 'remove', spec: row.request, name: row.request };
    case 'removed':
      return { kind: 'restore', spec: row.pkg.name, name: row.pkg.name };
    case 'here': {
      const { part, name, request } = row.pkg;
      if (part === 'base') return { kind: 'leaveOut', spec: name, name };
      if (part === 'replaced') return { kind: 'restore', spec: name, name };
      return request === undefined ? undefined : { kind: 'remove', spec: request, name };
    }
  }
}
