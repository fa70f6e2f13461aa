// SPDX-License-Identifier: LGPL-2.1-or-later
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowLeft } from 'lucide-react';
import { useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { listStep, stepOver } from './list-steps.ts';

interface SplitListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** One row. */
  readonly row: (item: T) => ReactNode;
  /** What the selected row opens to. */
  readonly detail: (item: T) => ReactNode;
  readonly detailLabel: (item: T) => string;
  readonly backLabel: string;
  /** Items that only head those after them: they can't be selected. */
  readonly isHeading?: (item: T) => boolean;
  /** What the space bar does with the selected row. */
  readonly onMark?: (item: T) => void;
  /** Below the rows, always in view. */
  readonly foot?: ReactNode;
}

/**
 * List on the left, detail of the selected row on the right; in a narrow window one of the two. Only the rows in view exist. One tab stop,
 * arrows move the selection, Enter goes to the detail, Esc back, Space marks.
 */
export function SplitList<T>(props: SplitListProps<T>): ReactNode {
  const { label, items, keyOf, row, detail, detailLabel, backLabel, isHeading = () => false, onMark, foot } = props;
  const [chosen, setChosen] = useState<string>();
  const [detailOpen, setDetailOpen] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const detailBox = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 54,
    overscan: 12,
  });
  const headings = items.flatMap((item, at) => (isHeading(item) ? [at] : []));
  const found = items.findIndex((item) => keyOf(item) === chosen);
  const index = found >= 0 ? found : items.findIndex((item) => !isHeading(item));
  const selected = items[index];
  if (!selected) return null;

  const rowId = (at: number): string => `split-row-${at}`;
  const open = (at: number, byKeyboard: boolean): void => {
    const item = items[at];
    if (!item) return;
    setChosen(keyOf(item));
    setDetailOpen(true);
    requestAnimationFrame(() => {
      const covered = scroller.current && getComputedStyle(scroller.current).visibility === 'hidden';
      if (byKeyboard || covered) detailBox.current?.focus();
    });
  };
  const back = (): void => {
    setDetailOpen(false);
    requestAnimationFrame(() => scroller.current?.focus());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = listStep(event.key, items.length);
    if (step !== undefined) {
      event.preventDefault();
      const next = stepOver(headings, items.length, index, step);
      const item = items[next];
      if (item !== undefined) setChosen(keyOf(item));
      virtualizer.scrollToIndex(headings.includes(next - 1) ? next - 1 : next, { align: 'auto' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      open(index, true);
    } else if (event.key === ' ' && onMark) {
      event.preventDefault();
      onMark(selected);
    }
  };
  const visible = virtualizer.getVirtualItems();
  return (
    <div
      className="relative flex min-h-96 flex-1 overflow-hidden rounded-lg border border-line bg-surface"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && detailOpen) {
          event.stopPropagation();
          back();
        }
      }}
    >
      <div className={`flex min-w-0 flex-[4] flex-col ${detailOpen ? 'max-lg:invisible' : ''}`}>
        <div className="relative min-h-0 flex-1">
          <div
            ref={scroller}
            role="listbox"
            tabIndex={0}
            aria-label={label}
            {...(visible.some((item) => item.index === index) ? { 'aria-activedescendant': rowId(index) } : {})}
            onKeyDown={onKeyDown}
            className="absolute inset-0 overflow-x-hidden overflow-y-auto -outline-offset-2"
          >
            <div role="presentation" className="relative" style={{ height: virtualizer.getTotalSize() }}>
              {visible.map((item) => {
                const value = items[item.index];
                if (value === undefined) return null;
                const isSelected = item.index === index;
                if (isHeading(value))
                  return (
                    <div
                      key={item.key}
                      ref={virtualizer.measureElement}
                      data-index={item.index}
                      role="presentation"
                      style={{ transform: `translateY(${item.start}px)` }}
                      className="absolute inset-x-0 top-0 bg-sidebar px-4 py-1.5 text-sm font-medium text-muted"
                    >
                      {row(value)}
                    </div>
                  );
                const above = headings.filter((at) => at < item.index).length;
                return (
                  <div
                    key={item.key}
                    ref={virtualizer.measureElement}
                    data-index={item.index}
                    id={rowId(item.index)}
                    role="option"
                    aria-selected={isSelected}
                    aria-setsize={items.length - headings.length}
                    aria-posinset={item.index + 1 - above}
                    onClick={() => open(item.index, false)}
                    style={{ transform: `translateY(${item.start}px)` }}
                    className={`absolute inset-x-0 top-0 border-b border-line px-4 py-1.5 ${isSelected ? 'bg-accent-soft' : 'hover:bg-hover'}`}
                  >
                    {row(value)}
                  </div>
                );
              })}
            </div>
          </div>
        </div>
        {foot ? <div className="border-t border-line px-4 py-2">{foot}</div> : null}
      </div>
      <div
        ref={detailBox}
        role="region"
        aria-label={detailLabel(selected)}
        tabIndex={0}
        className={`relative min-w-0 flex-[6] overflow-y-auto border-l border-line bg-surface -outline-offset-2 max-lg:absolute max-lg:inset-0 max-lg:border-0 ${detailOpen ? '' : 'max-lg:hidden'}`}
      >
        <div className="lg:absolute lg:inset-0">
          <div className="p-2 pb-0 lg:hidden">
            <Button look="quiet" icon={<ArrowLeft aria-hidden className="size-4" />} onPress={back}>
              {backLabel}
            </Button>
          </div>
          {/* a new item is a new detail: nothing of the one before stays */}
          <div key={keyOf(selected)} className="space-y-3 p-4">
            {detail(selected)}
          </div>
        </div>
      </div>
    </div>
  );
}
