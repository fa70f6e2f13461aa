// SPDX-License-Identifier: LGPL-2.1-or-later
import { useVirtualizer } from '@tanstack/react-virtual';
import { ScrollText } from 'lucide-react';
import { useMemo, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PackageChange } from '../../../shared/domain/index.ts';
import { Empty } from '../empty.tsx';
import { Changelog } from './changelog.tsx';
import { changeKey, versionChange } from './rows.ts';

/** The new changelog entries of every package, one after the other; only what is in view exists. */
export function ChangelogList({ changes }: { changes: readonly PackageChange[] }): ReactNode {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const withEntries = useMemo(() => changes.filter((change) => (change.changelog?.length ?? 0) > 0), [changes]);
  const virtualizer = useVirtualizer({
    count: withEntries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 120,
    overscan: 4,
    getItemKey: (index) => changeKey(withEntries[index] as PackageChange),
  });
  if (withEntries.length === 0) return <Empty icon={ScrollText} title={t('changelog.none')} />;
  return (
    // the outer box takes the room that is left, whatever the list's height: else nothing would be out of view
    <div className="relative min-h-80 flex-1">
      <div
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={t('tabs.changelog')}
        className="absolute inset-0 overflow-y-auto rounded-lg border border-line bg-surface -outline-offset-2"
      >
        <div role="list" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const change = withEntries[item.index];
            if (!change) return null;
            return (
              <div
                key={item.key}
                role="listitem"
                aria-setsize={withEntries.length}
                aria-posinset={item.index + 1}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className="absolute inset-x-0 top-0 border-b border-line px-4 py-3"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <h2 className="foreign-text mb-2 font-semibold">
                  {change.name} <span className="text-sm font-normal text-muted">{versionChange(change)}</span>
                </h2>
                <Changelog entries={change.changelog ?? []} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
