// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  formatEvr,
  worstSeverity,
  type Advisory,
  type ChangeKind,
  type PackageChange,
  type Severity,
} from '../../../shared/domain/index.ts';

export type PackageFilter = 'all' | 'security';

export type Row =
  | { readonly type: 'group'; readonly key: string; readonly kind: ChangeKind; readonly count: number }
  | { readonly type: 'package'; readonly key: string; readonly change: PackageChange; readonly severity: Severity | undefined };

const order: readonly ChangeKind[] = ['upgraded', 'added', 'removed', 'downgraded'];

export type AdvisoryIndex = ReadonlyMap<string, Advisory>;

export function indexAdvisories(advisories: readonly Advisory[]): AdvisoryIndex {
  return new Map(advisories.map((advisory) => [advisory.id, advisory]));
}

/** Worst severity among a change's security advisories; undefined if it has none. */
export function securityOf(change: PackageChange, advisories: AdvisoryIndex): Severity | undefined {
  const security = (change.advisories ?? []).map((id) => advisories.get(id)).filter((advisory) => advisory?.kind === 'security');
  return security.length > 0 ? worstSeverity(security.map((advisory) => advisory?.severity ?? 'none')) : undefined;
}

/** Name and architecture make a change unique: of multilib packages both are listed. */
export const changeKey = (change: PackageChange): string => `${change.name}.${change.arch}`;

/** Grouped by kind, filtered, with a heading row before each group that has something. */
export function buildRows(
  changes: readonly PackageChange[],
  advisories: AdvisoryIndex,
  filter: PackageFilter,
  query: string,
): readonly Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<ChangeKind, Row[]>(order.map((kind) => [kind, []]));
  for (const change of changes) {
    const severity = securityOf(change, advisories);
    if (filter === 'security' && severity === undefined) continue;
    const haystack = `${change.name} ${change.summary ?? ''} ${(change.advisories ?? []).join(' ')}`.toLowerCase();
    if (!words.every((word) => haystack.includes(word))) continue;
    groups.get(change.kind)?.push({ type: 'package', key: changeKey(change), change, severity });
  }
  return order.flatMap((kind) => {
    const rows = groups.get(kind) ?? [];
    return rows.length > 0 ? [{ type: 'group', key: `group:${kind}`, kind, count: rows.length } as const, ...rows] : [];
  });
}

/** Index of the next package row in a direction, skipping headings; the old one at either end. */
export function moveSelection(rows: readonly Row[], from: number, step: number): number {
  const direction = Math.sign(step);
  let index = from;
  let left = Math.abs(step);
  for (let next = from + direction; next >= 0 && next < rows.length && left > 0; next += direction) {
    if (rows[next]?.type !== 'package') continue;
    index = next;
    left--;
  }
  return index;
}

/** "1.2-3 → 1.2-4"; only one side for added and removed ones. */
export function versionChange(change: PackageChange): string {
  return [change.from, change.to].flatMap((side) => (side ? [formatEvr(side)] : [])).join(' → ');
}
