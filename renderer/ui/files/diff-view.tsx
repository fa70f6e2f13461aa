// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/use-format.ts';
import { twoWay, type TwoWayLine } from './three-way.ts';

const marks = { same: ' ', added: '+', removed: '−' } as const;
const looks = { same: '', added: 'bg-accent-soft', removed: 'bg-danger-soft' } as const;
/** Rows that are drawn at once: more than anybody reads, few enough to stay quick. */
const shownLines = 3000;

/** Two texts as one list of lines: what goes, what comes, a little around it. */
export function DiffView({ label, from, to }: { label: string; from: string; to: string }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const lines = useMemo(() => twoWay(from, to), [from, to]);
  if (!lines) return <p className="text-muted">{t('diff.tooDifferent')}</p>;
  if (lines.every((line) => line.type === 'same' || line.type === 'gap')) return <p className="text-muted">{t('diff.sameText')}</p>;
  return (
    <>
      <div className="overflow-x-auto rounded-lg border border-line" role="region" aria-label={label} tabIndex={0}>
        <table className="w-full border-collapse font-mono text-sm">
          <caption className="sr-only">{label}</caption>
          <thead className="sr-only">
            <tr>
              <th scope="col">{t('diff.oldLine')}</th>
              <th scope="col">{t('diff.newLine')}</th>
              <th scope="col">{t('diff.change')}</th>
              <th scope="col">{t('diff.text')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.slice(0, shownLines).map((line, index) => (
              <DiffRow key={index} line={line} />
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > shownLines ? (
        <p className="text-sm text-muted">
          {t('diff.more', { count: lines.length - shownLines, formatted: format.count(lines.length - shownLines) })}
        </p>
      ) : null}
    </>
  );
}

function DiffRow({ line }: { line: TwoWayLine }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (line.type === 'gap') {
    return (
      <tr className="bg-sidebar text-muted">
        <td colSpan={4} className="px-3 py-0.5 font-sans text-xs">
          {t('diff.gap', { count: line.count, formatted: format.count(line.count) })}
        </td>
      </tr>
    );
  }
  return (
    <tr className={`align-top ${looks[line.type]}`}>
      <td className="w-px px-1.5 text-right text-muted tabular-nums select-none">{line.from}</td>
      <td className="w-px px-1.5 text-right text-muted tabular-nums select-none">{line.to}</td>
      <td className="w-px px-1 select-none">
        <span aria-hidden>{marks[line.type]}</span>
        <span className="sr-only">{line.type === 'same' ? '' : t(`diff.${line.type}`)}</span>
      </td>
      <td className="foreign-text pr-3 whitespace-pre-wrap">{line.text}</td>
    </tr>
  );
}
