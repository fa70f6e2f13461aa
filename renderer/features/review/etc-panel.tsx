// SPDX-License-Identifier: LGPL-2.1-or-later
import { Download, FileCheck, SearchX } from 'lucide-react';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcPreview } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import type { Loaded } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Picker } from '../../ui/picker.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { SplitList } from '../../ui/split-list.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { EtcBadge } from './etc-badge.tsx';
import { EtcDetail } from './etc-detail.tsx';
import { countEtc, etcKinds, etcRows, type EtcFilter } from './etc-rows.ts';

/** What the merge of /etc at the restart will do, file by file. */
export function EtcPanel({ preview }: { preview: Loaded<EtcPreview> }): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = preview;
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!value) return <Spinner label={t('review.reading')} />;
  if (!value.available) return <NotHere bytes={value.fetchBytes} onDone={reload} />;
  if (value.entries.length === 0) {
    return (
      <Empty icon={FileCheck} title={t('etc.nothing')}>
        <p>{t('etc.nothingHint')}</p>
      </Empty>
    );
  }
  return <EtcList preview={value} />;
}

/** Before staging the new version's /etc is on the server only: said with its size, fetched when wanted. */
function NotHere({ bytes, onDone }: { bytes: number | undefined; onDone: () => void }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const busy = useHost(({ job, intents }) => job !== undefined || intents.includes('fetchReview'));
  return (
    <>
      <RefusalNotice intents={['fetchReview']} />
      <Empty icon={Download} title={t('etc.notHere')}>
        <p className="max-w-prose">{bytes === undefined ? t('etc.notHereUnknown') : t('etc.notHereText', { size: format.bytes(bytes) })}</p>
        <div className="mt-4">
          <Button
            look="primary"
            isDisabled={busy}
            icon={<Download aria-hidden className="size-4 shrink-0" />}
            onPress={() => void hostActions.fetchReview().then((job) => job?.phase === 'succeeded' && onDone())}
          >
            {t('etc.fetch')}
          </Button>
        </div>
      </Empty>
    </>
  );
}

function EtcList({ preview }: { preview: EtcPreview }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [query, setQuery] = useState('');
  const [filter, setFilter] = useState<EtcFilter>('all');
  const shownQuery = useDeferredValue(query);
  const counts = useMemo(() => countEtc(preview.entries), [preview]);
  const rows = useMemo(() => etcRows(preview.entries, filter, shownQuery), [preview, filter, shownQuery]);
  const options = [
    { id: 'all', label: `${t('etc.all')} (${format.count(preview.entries.length)})` },
    ...etcKinds
      .filter((kind) => counts[kind] > 0)
      .map((kind) => ({ id: kind, label: `${t(`etc.kind.${kind}`)} (${format.count(counts[kind])})` })),
  ];
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      <p className="text-sm text-muted">
        {t('etc.isPreview')}
        {preview.hiddenCount ? ` ${t('etc.hidden', { count: preview.hiddenCount })}` : ''}
      </p>
      <div className="flex flex-wrap items-end gap-2">
        <SearchField label={t('etc.search')} clearLabel={t('packages.clearSearch')} value={query} onChange={setQuery} />
        <Picker label={t('etc.filter')} value={filter} options={options} onChange={(id) => setFilter(id as EtcFilter)} />
      </div>
      <p className="sr-only" role="status">
        {t('files.found', { count: rows.length, formatted: format.count(rows.length) })}
      </p>
      {rows.length === 0 ? (
        <Empty icon={SearchX} title={t('files.nothingFound')} />
      ) : (
        <SplitList
          label={t('review.etc')}
          items={rows}
          keyOf={(entry) => entry.path}
          detailLabel={(entry) => t('packages.details', { name: `/etc/${entry.path}` })}
          backLabel={t('files.back')}
          row={(entry) => (
            <>
              <p className="foreign-text truncate font-mono text-sm" title={`/etc/${entry.path}`}>
                {entry.path}
              </p>
              <EtcBadge kind={entry.kind} {...(entry.problem ? { problem: entry.problem } : {})} />
            </>
          )}
          detail={(entry) => <EtcDetail entry={entry} checksum={preview.toChecksum} />}
        />
      )}
    </div>
  );
}
