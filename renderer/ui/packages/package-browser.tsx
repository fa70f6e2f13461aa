// SPDX-License-Identifier: LGPL-2.1-or-later
import { PackageSearch } from 'lucide-react';
import { useDeferredValue, useMemo, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Advisory, PackageChange } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Choice } from '../choice.tsx';
import { Empty } from '../empty.tsx';
import { SearchField } from '../search-field.tsx';
import { PackageDetail } from './package-detail.tsx';
import { PackageGrid } from './package-grid.tsx';
import { buildRows, changeKey, indexAdvisories, securityOf, type PackageFilter } from './rows.ts';

/** List on the left, what the selected package brings on the right; in a narrow window one of the two. */
export function PackageBrowser({ changes, advisories }: { changes: readonly PackageChange[]; advisories: readonly Advisory[] }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [query, setQuery] = useState('');
  const [filter, setFilter] = useState<PackageFilter>('all');
  const [chosen, setChosen] = useState<string>();
  const [detailOpen, setDetailOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const detail = useRef<HTMLDivElement>(null);
  const index = useMemo(() => indexAdvisories(advisories), [advisories]);
  const shownQuery = useDeferredValue(query);
  const rows = useMemo(() => buildRows(changes, index, filter, shownQuery), [changes, index, filter, shownQuery]);
  const hasSecurity = useMemo(() => changes.some((change) => securityOf(change, index) !== undefined), [changes, index]);

  const packages = rows.flatMap((row) => (row.type === 'package' ? [row.change] : []));
  const selected = packages.find((change) => changeKey(change) === chosen) ?? packages[0];
  const back = (): void => {
    setDetailOpen(false);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>('[role=grid]')?.focus());
  };

  return (
    <div
      className="flex min-h-0 flex-1 flex-col gap-3"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && detailOpen) {
          event.stopPropagation();
          back();
        }
      }}
    >
      <div className={`flex flex-wrap gap-2 ${detailOpen ? 'max-lg:hidden' : ''}`}>
        <SearchField label={t('packages.search')} clearLabel={t('packages.clearSearch')} value={query} onChange={setQuery} />
        {hasSecurity ? (
          <Choice
            label={t('packages.filter')}
            value={filter}
            onChange={setFilter}
            options={[
              { value: 'all', label: t('packages.filterAll') },
              { value: 'security', label: t('packages.filterSecurity') },
            ]}
          />
        ) : null}
      </div>
      <p className="sr-only" role="status">
        {t('packages.found', { count: packages.length, formatted: format.count(packages.length) })}
      </p>
      <div className="relative flex min-h-80 flex-1 overflow-hidden rounded-lg border border-line bg-surface">
        {selected ? (
          <>
            <div ref={list} className={`relative min-w-0 flex-[5] ${detailOpen ? 'max-lg:invisible' : ''}`}>
              <div className="absolute inset-0">
                <PackageGrid
                  rows={rows}
                  selectedKey={changeKey(selected)}
                  onSelect={setChosen}
                  onOpen={(key, byKeyboard) => {
                    setChosen(key);
                    setDetailOpen(true);
                    requestAnimationFrame(() => {
                      const covered = list.current && getComputedStyle(list.current).visibility === 'hidden';
                      if (byKeyboard || covered) detail.current?.focus();
                    });
                  }}
                />
              </div>
            </div>
            <div
              ref={detail}
              role="region"
              aria-label={t('packages.details', { name: selected.name })}
              tabIndex={0}
              className={`relative min-w-0 flex-[6] overflow-y-auto border-l border-line bg-surface -outline-offset-2 max-lg:absolute max-lg:inset-0 max-lg:border-0 ${detailOpen ? '' : 'max-lg:hidden'}`}
            >
              <div className="lg:absolute lg:inset-0">
                <PackageDetail key={changeKey(selected)} change={selected} advisories={index} onBack={back} />
              </div>
            </div>
          </>
        ) : (
          <Empty icon={PackageSearch} title={t('packages.nothingFound')}>
            <p>{t('packages.nothingFoundHint')}</p>
          </Empty>
        )}
      </div>
    </div>
  );
}
