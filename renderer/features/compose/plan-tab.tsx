// SPDX-License-Identifier: LGPL-2.1-or-later
import { ListChecks } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ComposePlan } from '../../../shared/domain/index.ts';
import { composeActions, isStale, useCompose } from '../../model/compose-store.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Notice } from '../../ui/notice.tsx';

/** What resolving found, or the way to it. */
export function PlanTab({ children }: { children: (plan: ComposePlan) => ReactNode }): ReactNode {
  const { t } = useTranslation();
  const plan = useCompose((compose) => compose.plan);
  const stale = useCompose(isStale);
  const busy = useCompose((compose) => compose.busy);
  const resolve = (look: 'primary' | 'plain'): ReactNode => (
    <Button look={look} isDisabled={busy !== undefined} onPress={() => void composeActions.resolve()}>
      {t('compose.resolve')}
    </Button>
  );
  if (!plan) {
    return busy === 'resolve' ? null : (
      <Empty icon={ListChecks} title={t('compose.notResolved')}>
        <p>{t('compose.notResolvedHint')}</p>
      </Empty>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      {stale && busy !== 'resolve' ? <Notice tone="info" title={t('compose.stale')} actions={resolve('plain')} /> : null}
      {children(plan)}
    </div>
  );
}
