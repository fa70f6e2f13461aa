// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TFunction } from 'i18next';
import type { ComposePlan, PlannedPackage } from '../../../shared/domain/index.ts';
import type { Formatter } from '../../i18n/format.ts';

export type PlanFilter = 'all' | 'named' | 'largest';

/** By name, as resolved, or the largest first, with those at the end that aren't told. */
export function filterPackages(packages: readonly PlannedPackage[], filter: PlanFilter, query: string): readonly PlannedPackage[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = packages.filter((pkg) => {
    if (filter === 'named' && !pkg.named) return false;
    const haystack = `${pkg.name} ${pkg.summary ?? ''} ${pkg.repo}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
  return filter === 'largest' ? shown.sort((a, b) => (b.installedSizeBytes ?? -1) - (a.installedSizeBytes ?? -1)) : shown;
}

/** "40 packages · 11.6 MB installed · nothing to download". */
export function sumText(t: TFunction, format: Formatter, plan: ComposePlan): string {
  const { packages, installedBytes, downloadBytes, repos } = plan;
  return [
    t('compose.packageCount', { count: packages.length, formatted: format.count(packages.length) }),
    t('compose.installed', { size: format.bytesOr(installedBytes) }),
    downloadBytes > 0 ? t('compose.toDownload', { size: format.bytes(downloadBytes) }) : t('compose.nothingToDownload'),
    t('compose.fromRepos', { count: repos.length, names: repos.map(({ id }) => id).join(', ') }),
  ].join(' · ');
}
