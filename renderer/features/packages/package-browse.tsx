// SPDX-License-Identifier: LGPL-2.1-or-later
import { PackageSearch } from 'lucide-react';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeployedPackages, Deployment } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { isWished, toggleWish, usePlan } from '../../model/package-plan.ts';
import {
  mainArch,
  packageRows,
  rowKey,
  rowName,
  segmentCounts,
  segments,
  wishOf,
  type PackageRow,
  type Segment,
} from '../../model/package-rows.ts';
import { Choice } from '../../ui/choice.tsx';
import { Empty } from '../../ui/empty.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { SplitList } from '../../ui/split-list.tsx';
import { PackageDetails } from './package-details.tsx';
import { PackageLine } from './package-line.tsx';
import { PlanBar } from './plan-bar.tsx';
import { RepoStatus } from './repo-status.tsx';
import { useRepoSearch } from './use-repo-search.ts';

interface PackageBrowseProps {
  readonly list: DeployedPackages;
  readonly deployment: Deployment;
  /** Changes build on this version. */
  readonly editable: boolean;
  readonly onPlan: () => void;
}

/** Segments, one search over the version and the repositories, and the details of what is selected. */
export function PackageBrowse({ list, deployment, editable, onPlan }: PackageBrowseProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [segment, setSegment] = useState<Segment>('all');
  const [query, setQuery] = useState('');
  const shownQuery = useDeferredValue(query);
  const wishes = usePlan((plan) => plan.wishes);
  const counts = useMemo(() => segmentCounts(list), [list]);
  const arch = useMemo(() => mainArch(list), [list]);
  const search = useRepoSearch(editable && segment === 'all' ? query : '');
  const found = search.found?.packages;
  const rows = useMemo(() => packageRows(list, segment, shownQuery, found), [list, segment, shownQuery, found]);
  const wish = (row: PackageRow): ReturnType<typeof wishOf> => (editable ? wishOf(row, arch) : undefined);
  const marked = (row: PackageRow): ReturnType<typeof wishOf> => {
    const own = wish(row);
    return own && isWished(wishes, own) ? own : undefined;
  };
  const status = editable && segment === 'all' ? <RepoStatus search={search} /> : null;
  const always: readonly Segment[] = ['all', 'layered', 'base'];
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      <div className="flex flex-wrap gap-2">
        <SearchField
          label={t(editable ? 'pkg.search' : 'packages.search')}
          clearLabel={t('packages.clearSearch')}
          value={query}
          onChange={setQuery}
        />
        <Choice
          label={t('pkg.which')}
          value={segment}
          onChange={setSegment}
          options={segments
            .filter((each) => always.includes(each) || counts[each] > 0)
            .map((each) => ({ value: each, label: t(`pkg.segment.${each}`), note: format.count(counts[each]) }))}
        />
      </div>
      <p className="sr-only" role="status">
        {t('packages.found', { count: rows.length, formatted: format.count(rows.filter(({ kind }) => kind !== 'heading').length) })}
      </p>
      {rows.length === 0 ? (
        <div className="flex min-h-80 flex-1 flex-col rounded-lg border border-line bg-surface">
          <Empty icon={PackageSearch} title={t(query ? 'pkg.noneFits' : `pkg.none.${segment}`)}>
            {query && segment !== 'all' ? <p>{t('pkg.searchAll')}</p> : null}
          </Empty>
          {status ? <div className="border-t border-line px-4 py-2">{status}</div> : null}
        </div>
      ) : (
        <SplitList
          label={t('section.packages')}
          items={rows}
          keyOf={rowKey}
          isHeading={({ kind }) => kind === 'heading'}
          onMark={(row) => {
            const own = wish(row);
            if (own) toggleWish(own);
          }}
          row={(row) => <PackageLine row={row} wish={marked(row)} />}
          detail={(row) =>
            row.kind === 'heading' ? null : <PackageDetails row={row} deployment={deployment} wish={wish(row)} editable={editable} />
          }
          detailLabel={(row) => (row.kind === 'heading' ? '' : t('packages.details', { name: rowName(row) }))}
          backLabel={t('packages.back')}
          foot={status}
        />
      )}
      {wishes.length > 0 ? <PlanBar wishes={wishes} onPlan={onPlan} /> : null}
    </div>
  );
}
