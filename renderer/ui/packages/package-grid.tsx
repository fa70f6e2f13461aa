// SPDX-License-Identifier: LGPL-2.1-or-later
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/use-format.ts';
import { listStep } from '../list-steps.ts';
import { moveSelection, versionChange, type Row } from './rows.ts';
import { SeverityBadge } from './severity-badge.tsx';

interface PackageGridProps {
  readonly rows: readonly Row[];
  readonly selectedKey: string | undefined;
  readonly onSelect: (key: string) => void;
  /** Enter or a click: show the details; with the keyboard, go there. */
  readonly onOpen: (key: string, byKeyboard: boolean) => void;
}

const rowId = (key: string): string => `package-row-${key}`;
/** Thousands of rows of which only those in view exist; one tab stop, arrows move the selection. */
export function PackageGrid({ rows, selectedKey, onSelect, onOpen }: PackageGridProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.type === 'group' ? 34 : 54),
    overscan: 12,
    getItemKey: (index) => rows[index]?.key ?? index,
  });
  const selectedIndex = rows.findIndex((row) => row.key === selectedKey);

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = listStep(event.key, rows.length);
    if (step !== undefined) {
      event.preventDefault();
      const next = moveSelection(rows, selectedIndex, step);
      const row = rows[next];
      if (!row) return;
      onSelect(row.key);
      virtualizer.scrollToIndex(next === 1 ? 0 : next, { align: 'auto' });
    } else if (event.key === 'Enter' && selectedKey !== undefined) {
      event.preventDefault();
      onOpen(selectedKey, true);
    }
  };

  const visible = virtualizer.getVirtualItems();
  const selectedIsVisible = visible.some((item) => item.index === selectedIndex);
  return (
    <div
      ref={scroller}
      role="grid"
      tabIndex={0}
      aria-label={t('tabs.packages')}
      aria-rowcount={rows.length}
      aria-colcount={2}
      {...(selectedIsVisible && selectedKey !== undefined ? { 'aria-activedescendant': rowId(selectedKey) } : {})}
      onKeyDown={onKeyDown}
      className="h-full overflow-y-auto -outline-offset-2"
    >
      <div role="presentation" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {visible.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const common = {
            role: 'row',
            'aria-rowindex': item.index + 1,
            ref: virtualizer.measureElement,
            'data-index': item.index,
            style: { transform: `translateY(${item.start}px)` },
          };
          if (row.type === 'group') {
            return (
              <div key={item.key} {...common} className="absolute inset-x-0 top-0 bg-sidebar px-4 py-1.5 text-sm font-medium text-muted">
                <span role="gridcell" aria-colspan={2}>
                  {t(`group.${row.kind}`)} <span className="font-normal">{format.count(row.count)}</span>
                </span>
              </div>
            );
          }
          const selected = row.key === selectedKey;
          return (
            <div
              key={item.key}
              {...common}
              id={rowId(row.key)}
              aria-selected={selected}
              onClick={() => onOpen(row.key, false)}
              className={`absolute inset-x-0 top-0 flex items-center gap-3 border-b border-line px-4 py-1.5 ${selected ? 'bg-accent-soft' : 'hover:bg-hover'}`}
            >
              <div role="gridcell" className="min-w-0 flex-1">
                <p className="foreign-text truncate font-medium">{row.change.name}</p>
                <p className="foreign-text truncate text-sm text-muted">{versionChange(row.change)}</p>
              </div>
              <div role="gridcell" className="shrink-0">
                {row.severity ? <SeverityBadge severity={row.severity} /> : null}
              </div>
            </div>
          );
        })}
      </div>
    </div>
  );
}
