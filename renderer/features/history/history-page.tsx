// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import { loadHistory } from '../../model/history-store.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { ProblemNotice } from '../../ui/notices/problem-notice.tsx';
import { ComparePanel } from './compare-panel.tsx';
import { DeploymentList } from './deployment-list.tsx';
import { HistoryLog } from './history-log.tsx';

type Pair = readonly [from: string, to: string];

/** Every version on this machine, the way back, and what happened. `sources`: the content of the tab about where versions come from. */
export function HistoryPage({ snapshot, sources }: { snapshot: HostSnapshot; sources: () => ReactNode }): ReactNode {
  const { t } = useTranslation();
  const [tab, setTab] = useState('versions');
  const [pair, setPair] = useState<Pair>();
  const { deployments, pastJobs } = snapshot;
  // what changes the log and the disk use: a job that ended, or another set of deployments
  const version = useMemo(
    () => [pastJobs.length, ...deployments.map(({ id, pinned }) => `${id}${pinned}`)].join(),
    [deployments, pastJobs],
  );
  useEffect(() => void loadHistory(), [version]);
  return (
    <Page title={t('section.history')}>
      <ProblemNotice snapshot={snapshot} />
      <RefusalNotice intents={['rollback', 'setDefault', 'pin', 'undeploy', 'cleanup', 'restart', 'bootOnce']} />
      <Tabs
        label={t('history.tabs')}
        selected={tab}
        onSelect={setTab}
        tabs={[
          {
            id: 'versions',
            label: t('history.versions'),
            content: () => (
              <DeploymentList
                snapshot={snapshot}
                onCompare={(from, to) => {
                  setPair([from, to]);
                  setTab('compare');
                }}
              />
            ),
          },
          {
            id: 'compare',
            label: t('history.compare'),
            content: () => <ComparePanel deployments={deployments} pair={pair} onPair={setPair} />,
          },
          { id: 'log', label: t('history.log'), content: () => <HistoryLog /> },
          ...(snapshot.service.kind === 'treeline' ? [{ id: 'sources', label: t('sources.title'), content: sources }] : []),
        ]}
      />
    </Page>
  );
}
