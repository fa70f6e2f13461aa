// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleCheck, CircleSlash, Equal, type LucideIcon } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/use-format.ts';
import { threeWay, type Stretch, type StretchKind } from './three-way.ts';

const looks: Record<Exclude<StretchKind, 'same'>, { icon: LucideIcon; colour: string; box: string }> = {
  vendor: { icon: CircleSlash, colour: 'text-warn', box: 'bg-warn-soft' },
  yours: { icon: CircleCheck, colour: 'text-accent', box: 'bg-accent-soft' },
  'both-same': { icon: Equal, colour: 'text-info', box: 'bg-info-soft' },
  both: { icon: CircleSlash, colour: 'text-warn', box: 'bg-warn-soft' },
};

const context = 2;

/** The three texts beside each other, stretch by stretch. The middle one is what stays. */
export function ThreeWayView({ base, yours, vendor }: { base: string; yours: string; vendor: string }): ReactNode {
  const { t } = useTranslation();
  const stretches = useMemo(() => threeWay(base, yours, vendor), [base, yours, vendor]);
  if (!stretches) return <p className="text-muted">{t('diff.tooDifferent')}</p>;
  return (
    <div className="overflow-x-auto rounded-lg border border-line" role="region" aria-label={t('threeWay.label')} tabIndex={0}>
      <table className="w-full table-fixed border-collapse font-mono text-sm max-md:table-auto">
        <caption className="sr-only">{t('threeWay.label')}</caption>
        <thead className="bg-sidebar font-sans text-left">
          <tr>
            {(['base', 'yours', 'vendor'] as const).map((side) => (
              <th key={side} scope="col" className="border-line px-2 py-1.5 text-sm font-medium not-first:border-l">
                {t(`threeWay.${side}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {stretches.map((stretch, index) => (
            <StretchRows key={index} stretch={stretch} first={index === 0} last={index === stretches.length - 1} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StretchRows({ stretch, first, last }: { stretch: Stretch; first: boolean; last: boolean }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (stretch.kind === 'same') {
    const { base } = stretch;
    const head = first ? 0 : context;
    const tail = last ? 0 : context;
    if (base.length <= head + tail + 1) return <Cells stretch={stretch} look="" />;
    const hidden = base.length - head - tail;
    const part = (from: number, to: number): Stretch => ({
      ...stretch,
      baseStart: stretch.baseStart + from,
      yoursStart: stretch.yoursStart + from,
      vendorStart: stretch.vendorStart + from,
      base: base.slice(from, to),
      yours: base.slice(from, to),
      vendor: base.slice(from, to),
    });
    return (
      <>
        {head > 0 ? <Cells stretch={part(0, head)} look="" /> : null}
        <tr className="bg-sidebar text-muted">
          <td colSpan={3} className="px-2 py-0.5 font-sans text-xs">
            {t('diff.gap', { count: hidden, formatted: format.count(hidden) })}
          </td>
        </tr>
        {tail > 0 ? <Cells stretch={part(base.length - tail, base.length)} look="" /> : null}
      </>
    );
  }
  const { icon: Icon, colour, box } = looks[stretch.kind];
  return (
    <>
      <tr className="border-t border-line">
        <td colSpan={3} className={`px-2 py-1 font-sans text-xs font-medium ${box} ${colour}`}>
          <span className="inline-flex items-center gap-1.5">
            <Icon aria-hidden className="size-3.5 shrink-0" />
            {t(`threeWay.kind.${stretch.kind}`)}
          </span>
        </td>
      </tr>
      <Cells stretch={stretch} look={box} />
    </>
  );
}

function Cells({ stretch, look }: { stretch: Stretch; look: string }): ReactNode {
  const { t } = useTranslation();
  return (
    <tr className="align-top">
      {(['base', 'yours', 'vendor'] as const).map((side) => {
        const lines = stretch[side];
        const changed = stretch.kind !== 'same' && (side === 'base' ? false : stretch.kind === side || stretch.kind.startsWith('both'));
        return (
          <td key={side} className={`border-line px-2 py-0.5 not-first:border-l ${changed ? look : ''}`}>
            {lines.length > 0 ? (
              <pre className="foreign-text font-mono whitespace-pre-wrap">{lines.join('\n')}</pre>
            ) : (
              <span className="font-sans text-xs text-muted">{t('threeWay.nothing')}</span>
            )}
          </td>
        );
      })}
    </tr>
  );
}
