// SPDX-License-Identifier: LGPL-2.1-or-later
import { PackageX } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { newestDeployment, type Deployment, type HostSnapshot } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { usePlan } from '../../model/package-plan.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { LiveCard } from '../../ui/notices/live-card.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { ProblemNotice } from '../../ui/notices/problem-notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Picker } from '../../ui/picker.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { PackageBrowse } from './package-browse.tsx';
import { PlanTab, planTitleId } from './plan-tab.tsx';

/** Every package of a version, what repositories offer, and what is to change. */
export default function PackagesPage({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string>();
  const [tab, setTab] = useState('list');
  const planned = usePlan(({ wishes }) => wishes.length);
  const newest = newestDeployment(snapshot.deployments, snapshot.osname);
  const shown = snapshot.deployments.find(({ id }) => id === chosen) ?? newest;
  const showPlan = (): void => {
    setTab('plan');
    // the button that was pressed is gone by then
    requestAnimationFrame(() => document.getElementById(planTitleId)?.focus());
  };
  if (!newest || !shown)
    return (
      <Page title={t('section.packages')}>
        <ProblemNotice snapshot={snapshot} />
        <Empty icon={PackageX} title={t('pkg.noVersion')} />
      </Page>
    );
  return (
    <Page
      wide
      title={t('section.packages')}
      actions={
        snapshot.deployments.length > 1 ? (
          <VersionPicker deployments={snapshot.deployments} newest={newest} shown={shown} onChoose={setChosen} />
        ) : null
      }
    >
      <ProblemNotice snapshot={snapshot} />
      <LiveCard snapshot={snapshot} />
      <Tabs
        label={t('section.packages')}
        selected={tab}
        onSelect={setTab}
        tabs={[
          {
            id: 'list',
            label: t('pkg.tabList'),
            content: () => <ListTab shown={shown} newest={newest} onPlan={showPlan} onNewest={() => setChosen(undefined)} />,
          },
          {
            id: 'plan',
            label: t('pkg.tabPlan'),
            note: planned > 0 ? String(planned) : undefined,
            content: () => <PlanTab newest={newest} />,
          },
        ]}
      />
    </Page>
  );
}

interface VersionPickerProps {
  readonly deployments: readonly Deployment[];
  readonly newest: Deployment;
  readonly shown: Deployment;
  readonly onChoose: (id: string | undefined) => void;
}

function VersionPicker({ deployments, newest, shown, onChoose }: VersionPickerProps): ReactNode {
  const { t } = useTranslation();
  const mark = (deployment: Deployment): string =>
    deployment.staged
      ? t('badge.staged')
      : deployment.booted
        ? t('badge.booted')
        : deployment === newest
          ? t('badge.next')
          : deployment.rollback
            ? t('badge.rollback')
            : '';
  return (
    <div className="flex max-w-full">
      <Picker
        inline
        label={t('pkg.version')}
        value={shown.id}
        onChange={(id) => onChoose(id === newest.id ? undefined : id)}
        options={deployments.map((deployment) => ({
          id: deployment.id,
          label: [deployment.version || deployment.checksum.slice(0, 12), mark(deployment)].filter(Boolean).join(' · '),
        }))}
      />
    </div>
  );
}

interface ListTabProps {
  readonly shown: Deployment;
  readonly newest: Deployment;
  readonly onPlan: () => void;
  readonly onNewest: () => void;
}

function ListTab({ shown, newest, onPlan, onNewest }: ListTabProps): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(shown.id, () => call('packages.list', shown.id));
  if (error)
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  if (!value) return <Spinner label={t('pkg.loading')} />;
  return (
    <>
      {shown === newest ? null : (
        <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
          <p>{t('pkg.onlyNewest', { version: newest.version })}</p>
          <Button look="quiet" onPress={onNewest}>
            {t('pkg.showNewest', { version: newest.version })}
          </Button>
        </div>
      )}
      <PackageBrowse list={value} deployment={shown} editable={shown === newest} onPlan={onPlan} />
    </>
  );
}
