// SPDX-License-Identifier: LGPL-2.1-or-later
import { ListChecks } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clearWishes, type Wish } from '../../model/package-plan.ts';
import { Button } from '../../ui/button.tsx';

const signs: Record<Wish['kind'], string> = { add: '+', remove: '−', leaveOut: '−', replace: '⇄', restore: '↺' };

/** What was collected so far, and the way to see what it means. */
export function PlanBar({ wishes, onPlan }: { wishes: readonly Wish[]; onPlan: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <aside aria-label={t('pkg.tabPlan')} className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg bg-accent-soft px-4 py-2">
      <ListChecks aria-hidden className="size-5 shrink-0 text-accent" />
      <p className="min-w-0 flex-1 basis-40">
        <span className="font-medium">{t('pkg.planned', { count: wishes.length })}</span>{' '}
        <span className="foreign-text text-sm text-muted">
          {wishes
            .slice(0, 5)
            .map(({ kind, name }) => `${signs[kind]} ${name}`)
            .join('  ')}
          {wishes.length > 5 ? ' …' : ''}
        </span>
      </p>
      <Button look="quiet" onPress={clearWishes}>
        {t('pkg.discard')}
      </Button>
      <Button look="primary" onPress={onPlan}>
        {t('pkg.seePlan')}
      </Button>
    </aside>
  );
}
