// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { UpdateDetails } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { openView } from '../../model/route-store.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';

/** The releases between the running version and the new one, when there are several. */
export function ReleaseList({ releases }: { releases: UpdateDetails['releases'] }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (releases.length < 2) return null;
  const oldestFirst = [...releases].reverse();
  const few = oldestFirst.length > 6 ? [...oldestFirst.slice(0, 3), undefined, ...oldestFirst.slice(-2)] : oldestFirst;
  const names = few.map((release) => release?.version ?? '…').join(', ');
  return (
    <Disclosure summary={t('releases.summary', { count: releases.length, formatted: format.count(releases.length), names })}>
      {() => (
        <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
          {releases.map((release) => (
            <li key={release.checksum} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
              <span className="foreign-text font-medium">{release.version}</span>
              <span className="min-w-40 flex-1 text-muted">
                {format.date(release.timeSeconds)} ·{' '}
                {release.packageCount === undefined
                  ? t('packages.unknown')
                  : t('packages.found', { count: release.packageCount, formatted: format.count(release.packageCount) })}
              </span>
              <Button
                look="quiet"
                aria-label={t('releases.show', { version: release.version })}
                onPress={() => openView({ kind: 'preview', target: { revision: release.checksum }, name: release.version })}
              >
                {t('action.show')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Disclosure>
  );
}
