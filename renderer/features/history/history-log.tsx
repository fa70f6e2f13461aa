// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleCheck, CircleSlash, CircleX, ScrollText } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { argChangesText, type HistoryEntry } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { loadHistory, useHistory } from '../../model/history-store.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';

const looks = {
  ok: { icon: CircleCheck, tone: 'good' },
  failed: { icon: CircleX, tone: 'danger' },
  cancelled: { icon: CircleSlash, tone: 'neutral' },
} as const;

/** What was done on this machine, by whom, and how it ended; newest first. */
export function HistoryLog(): ReactNode {
  const { t } = useTranslation();
  const { entries, entriesError } = useHistory();
  if (entriesError) {
    return (
      <ErrorNotice report={entriesError}>
        <Button onPress={() => void loadHistory()}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (entries.length === 0) return <Empty icon={ScrollText} title={t('log.empty')} />;
  return (
    <div className="overflow-x-auto rounded-xl border border-line bg-surface" tabIndex={0} role="region" aria-label={t('history.log')}>
      <table className="w-full border-collapse text-left">
        <caption className="sr-only">{t('history.log')}</caption>
        <thead className="text-sm text-muted max-md:sr-only">
          <tr className="border-b border-line">
            {(['when', 'what', 'who', 'result'] as const).map((column) => (
              <th key={column} scope="col" className="px-4 py-2 font-medium">
                {t(`log.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {entries.map((entry) => (
            <LogRow key={entry.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LogRow({ entry }: { entry: HistoryEntry }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const explain = useErrorText();
  const versions = [entry.fromVersion, entry.toVersion].filter(Boolean).join(' → ');
  const { icon, tone } = looks[entry.result];
  return (
    <tr className="align-top max-md:flex max-md:flex-wrap max-md:gap-x-3 max-md:px-4 max-md:py-2">
      <td className="px-4 py-2 whitespace-nowrap text-muted tabular-nums max-md:p-0">{format.dateTime(entry.at)}</td>
      <td className="px-4 py-2 max-md:order-first max-md:w-full max-md:p-0">
        {t(`entry.${entry.action}`)} <span className="foreign-text font-medium">{versions}</span>
        {entry.subject === undefined ? null : <p className="foreign-text text-sm text-muted">{entry.subject}</p>}
        {entry.kernelArgs ? (
          <p className="foreign-text text-sm text-muted">{t('log.kernelArgs', { args: argChangesText(entry.kernelArgs) })}</p>
        ) : null}
        {entry.error ? <p className="foreign-text text-sm text-muted">{explain(entry.error).title}</p> : null}
      </td>
      <td className="foreign-text px-4 py-2 text-muted max-md:p-0">{[entry.by.name, entry.by.client].filter(Boolean).join(' · ')}</td>
      <td className="px-4 py-2 max-md:p-0">
        <Badge icon={icon} tone={tone}>
          {t(`result.${entry.result}`)}
        </Badge>
      </td>
    </tr>
  );
}
