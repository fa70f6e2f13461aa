// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TFunction } from 'i18next';
import type { ChangeKind, PackageChange } from '../../shared/domain/index.ts';
import type { Formatter } from '../i18n/format.ts';

type Counts = Readonly<Record<ChangeKind, number>>;

const order = ['upgraded', 'added', 'removed', 'downgraded'] as const;

export function countKinds(changes: readonly PackageChange[]): Counts {
  const counts = { upgraded: 0, downgraded: 0, added: 0, removed: 0 };
  for (const { kind } of changes) counts[kind]++;
  return counts;
}

/** "31 upgraded, 2 added": only what there is. */
export function countsText(t: TFunction, format: Formatter, counts: Counts): string {
  const kinds = order.filter((kind) => counts[kind] > 0);
  if (kinds.length === 0) return t('counts.none', { count: 0 });
  return kinds.map((kind) => t(`counts.${kind}`, { count: counts[kind], formatted: format.count(counts[kind]) })).join(', ');
}
