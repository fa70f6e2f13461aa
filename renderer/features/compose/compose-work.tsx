// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { OpenTreefile } from '../../../shared/ipc/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { composeActions, isStale, runningJob, useCompose } from '../../model/compose-store.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { ChangesTab } from './changes-tab.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { FileHeader } from './file-header.tsx';
import { PlanPackages } from './plan-packages.tsx';
import { PlanTab } from './plan-tab.tsx';
import { ReleasesTab } from './releases-tab.tsx';
import { RunTab } from './run-tab.tsx';
import { TreefileTab } from './treefile-tab.tsx';

/** An opened treefile: written, looked at, composed. */
export function ComposeWork({ file }: { file: OpenTreefile }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [tab, setTab] = useState('treefile');
  const plan = useCompose((compose) => compose.plan);
  const stale = useCompose(isStale);
  const composing = useCompose((compose) => runningJob(compose)?.method === 'compose.tree');
  const problems = useCompose((compose) => compose.check?.problems.length ?? 0);
  const showLine = (line: number, column: number): void => {
    setTab('treefile');
    composeActions.jumpTo(line, column);
  };
  const known = (count: number | undefined): string | undefined => (count === undefined || stale ? undefined : format.count(count));
  return (
    <div
      className="flex min-h-0 flex-1 flex-col gap-4"
      onKeyDown={(event) => {
        if (event.ctrlKey && !event.altKey && event.key.toLowerCase() === 's') {
          event.preventDefault();
          void composeActions.save();
        }
      }}
    >
      <FileHeader file={file} leads={tab === 'treefile' || tab === 'packages' || tab === 'changes'} />
      {file.draft === undefined ? null : (
        <Notice
          tone="info"
          title={t('compose.draftTitle')}
          actions={
            <>
              <Button onPress={composeActions.takeDraft}>{t('compose.takeDraft')}</Button>
              <Button onPress={composeActions.dropDraft}>{t('compose.dropDraft')}</Button>
            </>
          }
        >
          <p>{t('compose.draftText')}</p>
        </Notice>
      )}
      <FailureNotice of={['open', 'save', 'resolve', 'compose']} showLine={showLine} />
      <Tabs
        label={t('compose.tabs')}
        selected={tab}
        onSelect={setTab}
        tabs={[
          {
            id: 'treefile',
            label: t('compose.tabTreefile'),
            note: problems > 0 ? t('compose.problemCount', { count: problems }) : undefined,
            content: () => <TreefileTab file={file} />,
          },
          {
            id: 'packages',
            label: t('tabs.packages'),
            note: known(plan?.packages.length),
            content: () => <PlanTab>{(shown) => <PlanPackages plan={shown} file={file} showLine={showLine} />}</PlanTab>,
          },
          {
            id: 'changes',
            label: t('facts.changes'),
            note: plan?.previous ? known(plan.changes.length) : undefined,
            content: () => <PlanTab>{(shown) => <ChangesTab plan={shown} hasTarget={file.target !== undefined} />}</PlanTab>,
          },
          {
            id: 'run',
            label: t('compose.tabRun'),
            note: composing ? t('compose.running') : undefined,
            content: () => <RunTab file={file} showReleases={() => setTab('releases')} />,
          },
          { id: 'releases', label: t('compose.tabReleases'), content: () => <ReleasesTab file={file} /> },
        ]}
      />
    </div>
  );
}
