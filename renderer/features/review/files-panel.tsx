// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileMinus, FilePen, FilePlus, Files, SearchX, type LucideIcon } from 'lucide-react';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { TreeChange, TreeDiff } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { useLoad } from '../../model/use-load.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { SplitList } from '../../ui/split-list.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { DiffView } from '../../ui/files/diff-view.tsx';
import { sideText, sideWords } from '../../ui/files/side-words.ts';

interface FilesPanelProps {
  readonly from: string;
  readonly to: string;
  /** What is only on the server can't be compared yet. */
  readonly staged: boolean;
}

const limit = 50_000;
const looks: Record<TreeChange['kind'], { icon: LucideIcon; tone: Tone }> = {
  added: { icon: FilePlus, tone: 'good' },
  removed: { icon: FileMinus, tone: 'danger' },
  modified: { icon: FilePen, tone: 'info' },
};

/** Every file that differs between two versions, and the texts of those that have one. */
export function FilesPanel({ from, to, staged }: FilesPanelProps): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(`${from}:${to}:${staged}`, () => call('review.treeDiff', from, to, { limit }));
  // nothing failed: before staging the new tree just isn't here
  if (error?.code === 'review.content-missing' && !staged) return <Empty icon={Files} title={t('files.afterStaging')} />;
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!value) return <Spinner label={t('files.comparing')} />;
  if (value.changes.length === 0) return <Empty icon={Files} title={t('files.same')} />;
  return <FileList diff={value} />;
}

function FileList({ diff }: { diff: TreeDiff }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [query, setQuery] = useState('');
  const shownQuery = useDeferredValue(query);
  const rows = useMemo(() => searchFiles(diff.changes, shownQuery), [diff, shownQuery]);
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      {diff.total > diff.changes.length ? (
        <p className="text-sm text-muted">
          {t('files.cut', { shown: format.count(diff.changes.length), total: format.count(diff.total) })}
        </p>
      ) : null}
      <div className="flex">
        <SearchField label={t('files.search')} clearLabel={t('packages.clearSearch')} value={query} onChange={setQuery} />
      </div>
      <p className="sr-only" role="status">
        {t('files.found', { count: rows.length, formatted: format.count(rows.length) })}
      </p>
      {rows.length === 0 ? (
        <Empty icon={SearchX} title={t('files.nothingFound')} />
      ) : (
        <SplitList
          label={t('review.files')}
          items={rows}
          keyOf={(change) => change.path}
          detailLabel={(change) => t('packages.details', { name: change.path })}
          backLabel={t('files.back')}
          row={(change) => <FileRow change={change} />}
          detail={(change) => <FileDetail change={change} from={diff.fromChecksum} to={diff.toChecksum} />}
        />
      )}
    </div>
  );
}

/** All words somewhere in the path. */
export function searchFiles(changes: readonly TreeChange[], query: string): readonly TreeChange[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return changes;
  return changes.filter(({ path }) => {
    const lower = path.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}

function FileRow({ change }: { change: TreeChange }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { icon, tone } = looks[change.kind];
  const delta = (change.toSizeBytes ?? 0) - (change.fromSizeBytes ?? 0);
  return (
    <>
      <p className="foreign-text truncate font-mono text-sm" title={change.path}>
        {change.path}
      </p>
      <p className="flex items-center gap-2 text-sm text-muted">
        <Badge icon={icon} tone={tone}>
          {t(`files.kind.${change.kind}`)}
        </Badge>
        {delta === 0 ? '' : format.bytesDelta(delta)}
      </p>
    </>
  );
}

function FileDetail({ change, from, to }: { change: TreeChange; from: string; to: string }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { value, error, reload } = useLoad(`${from}:${to}:${change.path}`, () => call('review.treeFile', from, to, change.path));
  const [old, fresh] = value ? [sideText(value.from), sideText(value.to)] : [];
  const plain = value !== undefined && [value.from, value.to].every((side) => !side.exists || side.type === 'file');
  return (
    <>
      <h2 className="foreign-text font-mono text-base font-semibold">{change.path}</h2>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <>
          <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-sm">
            <dt className="text-muted">{t('files.before')}</dt>
            <dd className="foreign-text">{sideWords(t, format, value.from)}</dd>
            <dt className="text-muted">{t('files.after')}</dt>
            <dd className="foreign-text">{sideWords(t, format, value.to)}</dd>
          </dl>
          {plain && old !== undefined && fresh !== undefined ? <DiffView label={change.path} from={old} to={fresh} /> : null}
        </>
      ) : (
        <Spinner label={t('review.reading')} />
      )}
    </>
  );
}
