// SPDX-License-Identifier: LGPL-2.1-or-later
import { Package, PackageSearch } from 'lucide-react';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatEvr, type ComposePlan, type PlannedPackage } from '../../../shared/domain/index.ts';
import type { OpenTreefile } from '../../../shared/ipc/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Empty } from '../../ui/empty.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { SplitList } from '../../ui/split-list.tsx';
import { filterPackages, sumText, type PlanFilter } from './plan-rows.ts';

interface PlanPackagesProps {
  readonly plan: ComposePlan;
  readonly file: OpenTreefile;
  readonly showLine: (line: number, column: number) => void;
}

/** What would be in the tree: how large, from where, and who asked for it. */
export function PlanPackages({ plan, file, showLine }: PlanPackagesProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [query, setQuery] = useState('');
  const [filter, setFilter] = useState<PlanFilter>('all');
  const shownQuery = useDeferredValue(query);
  const shown = useMemo(() => filterPackages(plan.packages, filter, shownQuery), [plan.packages, filter, shownQuery]);
  return (
    <>
      <p className="text-muted">{sumText(t, format, plan)}</p>
      <div className="flex flex-wrap gap-2">
        <SearchField label={t('packages.search')} clearLabel={t('packages.clearSearch')} value={query} onChange={setQuery} />
        <Choice
          label={t('packages.filter')}
          value={filter}
          onChange={setFilter}
          options={[
            { value: 'all', label: t('packages.filterAll') },
            { value: 'named', label: t('compose.filterNamed') },
            { value: 'largest', label: t('compose.filterLargest') },
          ]}
        />
      </div>
      <p className="sr-only" role="status">
        {t('packages.found', { count: shown.length, formatted: format.count(shown.length) })}
      </p>
      {shown.length > 0 ? (
        <SplitList
          label={t('tabs.packages')}
          items={shown}
          keyOf={(pkg) => `${pkg.name}.${pkg.arch}`}
          row={(pkg) => <Row pkg={pkg} />}
          detail={(pkg) => <Detail pkg={pkg} plan={plan} path={file.path} showLine={showLine} />}
          detailLabel={(pkg) => t('packages.details', { name: pkg.name })}
          backLabel={t('packages.back')}
        />
      ) : (
        <Empty icon={PackageSearch} title={t('packages.nothingFound')}>
          <p>{t('packages.nothingFoundHint')}</p>
        </Empty>
      )}
    </>
  );
}

function Row({ pkg }: { pkg: PlannedPackage }): ReactNode {
  const format = useFormat();
  return (
    <div className="flex items-baseline justify-between gap-3">
      <div className="min-w-0">
        <p className="foreign-text font-medium">
          {pkg.name} <span className="text-sm font-normal text-muted">{pkg.arch}</span>
        </p>
        <p className="foreign-text text-sm text-muted">
          {formatEvr(pkg)} · {pkg.repo}
        </p>
      </div>
      <p className="shrink-0 text-sm text-muted tabular-nums">{format.bytesOr(pkg.installedSizeBytes)}</p>
    </div>
  );
}

interface DetailProps {
  readonly pkg: PlannedPackage;
  readonly plan: ComposePlan;
  readonly path: string;
  readonly showLine: (line: number, column: number) => void;
}

function Detail({ pkg, plan, path, showLine }: DetailProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const repo = plan.repos.find(({ id }) => id === pkg.repo);
  const { named } = pkg;
  const facts: readonly (readonly [string, string])[] = [
    [t('compose.factVersion'), `${formatEvr(pkg)} · ${pkg.arch}`],
    [t('compose.factInstalled'), format.bytesOr(pkg.installedSizeBytes)],
    [t('facts.download'), pkg.here ? t('compose.alreadyHere', { size: format.bytes(pkg.downloadBytes) }) : format.bytes(pkg.downloadBytes)],
    [t('compose.factRepo'), repo ? `${repo.name} (${repo.id})` : pkg.repo],
    [t('compose.factAddress'), repo?.url ?? ''],
    [t('compose.factMetadata'), repo && repo.timestamp > 0 ? format.dateTime(repo.timestamp) : ''],
    [t('compose.factSource'), pkg.sourceRpm ?? ''],
    [t('compose.factLicense'), pkg.license ?? ''],
    [t('compose.factBuilt'), pkg.buildTimeSeconds ? format.date(pkg.buildTimeSeconds) : ''],
  ];
  return (
    <>
      <header>
        <h2 className="foreign-text flex items-center gap-2 text-lg font-semibold">
          <Package aria-hidden className="size-5 shrink-0 text-muted" strokeWidth={1.75} />
          {pkg.name}
        </h2>
        {pkg.summary ? <p className="foreign-text mt-1 text-muted">{pkg.summary}</p> : null}
      </header>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 max-sm:grid-cols-1 max-sm:gap-y-0">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="foreign-text">{value}</dd>
            </div>
          ))}
      </dl>
      {named ? (
        <div className="flex flex-wrap items-center gap-3">
          <p>{t('compose.named')}</p>
          {named.file === path ? (
            <Button onPress={() => showLine(named.line, 1)}>{t('compose.showLine', { line: named.line })}</Button>
          ) : (
            <p className="foreign-text text-muted">{`${named.file.split('/').pop() ?? ''}, ${t('compose.line', { line: named.line })}`}</p>
          )}
        </div>
      ) : (
        <p className="text-muted">{t('compose.dependency')}</p>
      )}
    </>
  );
}
