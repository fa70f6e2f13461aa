// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileCheck, FileMinus, FilePen, FilePlus, SearchX, type LucideIcon } from 'lucide-react';
import { useDeferredValue, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcDifference, EtcDrift, EtcRestored, HostSnapshot } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { countDrift, driftKinds, driftRows, type DriftFilter } from '../../model/etc-drift.ts';
import { closeView } from '../../model/route-store.ts';
import { bootedOf } from '../../model/update-state.ts';
import { useAsking } from '../../model/use-asking.ts';
import { useLoad } from '../../model/use-load.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Picker } from '../../ui/picker.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { SplitList } from '../../ui/split-list.tsx';
import { ViewPage } from '../../ui/view-page.tsx';
import { EtcDetail } from './etc-detail.tsx';

const looks: Record<EtcDifference['kind'], { icon: LucideIcon; tone: Tone }> = {
  modified: { icon: FilePen, tone: 'info' },
  removed: { icon: FileMinus, tone: 'danger' },
  added: { icon: FilePlus, tone: 'good' },
};

/** Every file of /etc that isn't as the version that runs brings it, beside its default, which can be put back. */
export default function EtcPage({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const version = bootedOf(snapshot)?.version ?? '';
  const { value, error, reload } = useLoad(`etc ${snapshot.deployments.map(({ id }) => id).join(' ')}`, () => call('review.etcDrift'));
  const asking = useAsking();
  const [done, setDone] = useState<{ readonly path: string; readonly result: EtcRestored }>();
  const said = useRef<HTMLDivElement>(null);
  // what was pressed goes away with what it did
  useEffect(() => said.current?.focus(), [done]);
  const restore = (path: string): Promise<void> =>
    asking.ask(async () => {
      setDone(undefined);
      const result = await call('review.restoreEtc', path);
      setDone({ path, result });
      reload();
    });
  return (
    <ViewPage title={t('drift.title')} backLabel={t('review.back', { section: t('section.system') })} onBack={closeView}>
      {asking.error ? <ErrorNotice report={asking.error} /> : null}
      {done ? (
        <div ref={said} tabIndex={-1} role="status" className="outline-none">
          <Notice
            tone="info"
            title={t(done.result.changed ? 'drift.restored' : 'drift.sameAlready', { path: `/etc/${done.path}` })}
            actions={<Button onPress={() => setDone(undefined)}>{t('action.dismiss')}</Button>}
          >
            {done.result.savedAs === undefined ? null : <p>{t('drift.savedAs', { path: `/etc/${done.result.savedAs}` })}</p>}
          </Notice>
        </div>
      ) : null}
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : !value ? (
        <Spinner label={t('drift.reading')} />
      ) : value.entries.length === 0 ? (
        <Empty icon={FileCheck} title={value.hiddenCount ? t('etc.hidden', { count: value.hiddenCount }) : t('drift.none')} />
      ) : (
        <DriftList drift={value} version={version} busy={asking.busy} onRestore={restore} />
      )}
    </ViewPage>
  );
}

interface DriftListProps {
  readonly drift: EtcDrift;
  readonly version: string;
  readonly busy: boolean;
  readonly onRestore: (path: string) => Promise<void>;
}

function DriftList({ drift: { entries, hiddenCount }, version, busy, onRestore }: DriftListProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [query, setQuery] = useState('');
  const [filter, setFilter] = useState<DriftFilter>('all');
  const shownQuery = useDeferredValue(query);
  const counts = useMemo(() => countDrift(entries), [entries]);
  const rows = useMemo(() => driftRows(entries, filter, shownQuery), [entries, filter, shownQuery]);
  const options = [
    { id: 'all', label: `${t('etc.all')} (${format.count(entries.length)})` },
    ...driftKinds
      .filter((kind) => counts[kind] > 0)
      .map((kind) => ({ id: kind, label: `${t(`files.kind.${kind}`)} (${format.count(counts[kind])})` })),
  ];
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      <p className="text-sm text-muted">
        {t('drift.hint', { version })}
        {hiddenCount ? ` ${t('etc.hidden', { count: hiddenCount })}` : ''}
      </p>
      <div className="flex flex-wrap items-end gap-2">
        <SearchField label={t('etc.search')} clearLabel={t('packages.clearSearch')} value={query} onChange={setQuery} />
        <Picker
          label={t('etc.filter')}
          value={filter}
          options={options}
          onChange={(id) => setFilter(driftKinds.find((kind) => kind === id) ?? 'all')}
        />
      </div>
      <p className="sr-only" role="status">
        {t('files.found', { count: rows.length, formatted: format.count(rows.length) })}
      </p>
      {rows.length === 0 ? (
        <Empty icon={SearchX} title={t('files.nothingFound')} />
      ) : (
        <SplitList
          label={t('drift.title')}
          items={rows}
          keyOf={(entry) => `${entry.kind} ${entry.path}`}
          detailLabel={(entry) => t('packages.details', { name: `/etc/${entry.path}` })}
          backLabel={t('files.back')}
          row={(entry) => (
            <>
              <p className="foreign-text truncate font-mono text-sm" title={`/etc/${entry.path}`}>
                {entry.path}
              </p>
              <KindBadge kind={entry.kind} />
            </>
          )}
          detail={(entry) => (
            <EtcDetail entry={entry} version={version} badge={<KindBadge kind={entry.kind} />} busy={busy} onRestore={onRestore} />
          )}
        />
      )}
    </div>
  );
}

function KindBadge({ kind }: { kind: EtcDifference['kind'] }): ReactNode {
  const { t } = useTranslation();
  const { icon, tone } = looks[kind];
  return (
    <Badge icon={icon} tone={tone}>
      {t(`files.kind.${kind}`)}
    </Badge>
  );
}
