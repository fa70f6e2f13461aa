// SPDX-License-Identifier: LGPL-2.1-or-later
import { ListChecks, X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatEvr, type Deployment } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { jobTitle } from '../../model/job-text.ts';
import { call } from '../../model/bridge.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { changeOf, clearWishes, effectOf, packageOf, toggleWish, usePlan, type PlanEffect, type Wish } from '../../model/package-plan.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { JobProgress } from '../../ui/job-progress.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { PlanEffects } from './plan-effects.tsx';
import { WishBadge } from './package-line.tsx';

export const planTitleId = 'plan-title';

/** What was collected, what it brings with it, and the one button that does it. */
export function PlanTab({ newest }: { newest: Deployment }): ReactNode {
  const { t } = useTranslation();
  const wishes = usePlan((plan) => plan.wishes);
  const [done, setDone] = useState(false);
  const place = useRef<HTMLHeadingElement>(null);
  // what is pressed here goes away with what it did: the focus stays in the plan
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (document.activeElement === document.body) place.current?.focus();
    });
    return () => cancelAnimationFrame(frame);
  });
  return (
    <section aria-labelledby={planTitleId} className="flex flex-1 flex-col gap-4">
      <h2 id={planTitleId} ref={place} tabIndex={-1} className={wishes.length > 0 || done ? 'text-lg font-semibold' : 'sr-only'}>
        {wishes.length > 0 ? t('pkg.planned', { count: wishes.length }) : t('pkg.tabPlan')}
      </h2>
      <RefusalNotice intents={['changePackages']} />
      {wishes.length > 0 ? (
        <Plan wishes={wishes} newest={newest} onDone={() => setDone(true)} />
      ) : done ? (
        <Notice tone="info" title={t('pkg.applied', { version: newest.version })}>
          <p>{t('pkg.appliedText')}</p>
        </Notice>
      ) : (
        <Empty icon={ListChecks} title={t('pkg.emptyPlan')}>
          <p className="max-w-prose">{t('pkg.emptyPlanHint')}</p>
        </Empty>
      )}
    </section>
  );
}

/** Somebody else's work, or our own change; working out a plan itself is neither. */
const isInTheWay = (method: string): boolean => method !== 'PlanPackages';

function Plan({ wishes, newest, onDone }: { wishes: readonly Wish[]; newest: Deployment; onDone: () => void }): ReactNode {
  const { t } = useTranslation();
  const change = changeOf(wishes);
  const job = useHost((host) => (host.job && isInTheWay(host.job.method) ? host.job : undefined));
  const applying = useHost(({ intents }) => intents.includes('changePackages'));
  const [failed, setFailed] = useState<Awaited<ReturnType<typeof hostActions.changePackages>>>();
  const asked = `${newest.id} ${JSON.stringify(change)}`;
  // one thing at a time: the plan waits for what goes on
  const busy = applying || job !== undefined;
  const plan = useLoad(busy ? '' : asked, async () => {
    const [now, found] = await Promise.all([call('packages.list', newest.id), call('packages.plan', change)]);
    return { effect: effectOf(now, found, wishes) };
  });
  const { value, error } = plan;
  const apply = async (): Promise<void> => {
    setFailed(undefined);
    const ended = await hostActions.changePackages(change);
    if (ended?.phase === 'succeeded') {
      onDone();
      clearWishes();
    } else if (ended?.phase === 'failed' && ended.error?.code !== 'auth.dismissed') setFailed(ended);
  };
  const blamed = wishes.find(({ spec, name }) => error?.subject === spec || error?.subject === name);
  return (
    <>
      <WishList wishes={wishes} effect={job ? undefined : value?.effect} disabled={applying} />
      {failed?.error ? <ErrorNotice report={failed.error} job={failed} onClose={() => setFailed(undefined)} /> : null}
      {applying && !job ? null : applying && job ? (
        <div className="rounded-xl border border-line bg-surface p-4">
          <JobProgress job={job} />
        </div>
      ) : job ? (
        <Notice tone="info" title={t('pkg.waits', { job: jobTitle(t, job) })} />
      ) : error ? (
        <ErrorNotice report={error}>
          {blamed ? <Button onPress={() => toggleWish(blamed)}>{t('pkg.takeOffNamed', { name: blamed.name })}</Button> : null}
          <Button onPress={plan.reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <PlanEffects effect={value.effect} wishes={wishes} />
      ) : (
        <Spinner label={t('pkg.planning')} />
      )}
      <div className="sticky bottom-0 mt-auto flex flex-wrap items-center justify-end gap-2 border-t border-line bg-window py-3">
        <p className="min-w-0 flex-1 basis-60 text-sm text-muted">{t('pkg.restartNeeded', { version: newest.version })}</p>
        <Button isDisabled={applying} onPress={clearWishes}>
          {t('pkg.discard')}
        </Button>
        <Button look="primary" isPending={applying} isDisabled={!applying && (!value || job !== undefined)} onPress={() => void apply()}>
          {t('pkg.apply', { count: wishes.length })}
        </Button>
      </div>
    </>
  );
}

interface WishListProps {
  readonly wishes: readonly Wish[];
  readonly effect: PlanEffect | undefined;
  readonly disabled: boolean;
}

function WishList({ wishes, effect, disabled }: WishListProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ul aria-label={t('pkg.chosen')} className="divide-y divide-line rounded-xl border border-line bg-surface">
      {wishes.map((wish) => {
        // the repository is told beside it
        const name = wish.kind === 'replace' ? wish.name : wish.spec;
        const pkg = effect && packageOf(wish, effect);
        const repo = wish.repo ?? (pkg && 'repo' in pkg ? pkg.repo : undefined);
        return (
          <li key={`${wish.kind} ${wish.spec}`} className="flex items-center gap-3 py-1 pr-1 pl-4">
            <span className="min-w-0 flex-1">
              <span className="foreign-text font-medium">{name}</span>{' '}
              <span className="foreign-text text-sm text-muted">
                {[pkg && formatEvr(pkg), repo === undefined ? '' : t('pkg.fromRepo', { repo })].filter(Boolean).join(' · ')}
              </span>
            </span>
            {pkg?.installedSizeBytes === undefined ? null : (
              <span className="text-sm text-muted tabular-nums max-md:hidden">{format.bytes(pkg.installedSizeBytes)}</span>
            )}
            <WishBadge kind={wish.kind} />
            <Button
              look="quiet"
              isDisabled={disabled}
              aria-label={t('pkg.takeOffNamed', { name })}
              icon={<X aria-hidden className="size-4" />}
              onPress={() => toggleWish(wish)}
            />
          </li>
        );
      })}
    </ul>
  );
}
