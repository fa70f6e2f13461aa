// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChangelogEntry } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Button } from '../button.tsx';

const firstCount = 30;

/** Entries newest first, as plain text with its line breaks: nothing in it is ever interpreted. */
export function Changelog({ entries }: { entries: readonly ChangelogEntry[] }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [limit, setLimit] = useState(firstCount);
  const left = entries.length - limit;
  return (
    <>
      <ol className="space-y-3">
        {entries.slice(0, limit).map((entry, index) => (
          <li key={index}>
            <p className="text-sm text-muted">
              {entry.timeSeconds > 0 ? <time dateTime={isoDate(entry.timeSeconds)}>{format.date(entry.timeSeconds)}</time> : null}
              {entry.timeSeconds > 0 && entry.author ? ' · ' : ''}
              <bdi className="foreign-text">{entry.author}</bdi>
            </p>
            <p dir="auto" className="foreign-text whitespace-pre-wrap">
              {entry.text.trimEnd()}
            </p>
          </li>
        ))}
      </ol>
      {left > 0 ? (
        <div className="mt-3">
          <Button onPress={() => setLimit(limit + 500)}>{t('changelog.more', { count: left })}</Button>
        </div>
      ) : null}
    </>
  );
}

function isoDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10);
}
