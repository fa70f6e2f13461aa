// SPDX-License-Identifier: LGPL-2.1-or-later
import { Clock } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot, JobState } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { useHost } from '../../model/host-store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Page } from '../../ui/page.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { JobProgress } from '../../ui/job-progress.tsx';
import { jobTitle } from '../../model/job-text.ts';
import { PastJobs } from './past-jobs.tsx';
import { jobReportText } from '../../model/report.ts';

/** Who does what at the moment, and what was done before. */
export function ActivityPage({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const job = useHost((host) => host.job);
  const past = useMemo(
    () => snapshot.pastJobs.filter((other) => other.id !== job?.id).sort((a, b) => b.startedAt - a.startedAt),
    [snapshot.pastJobs, job?.id],
  );
  return (
    <Page title={t('section.activity')}>
      <RefusalNotice intents={['cancel', 'restart']} />
      {job ? <RunningJob job={job} snapshot={snapshot} /> : null}
      {past.length > 0 ? (
        <section className="space-y-2">
          <h2 className="font-semibold">{t('activity.past')}</h2>
          <PastJobs jobs={past} />
        </section>
      ) : job ? null : (
        <Empty icon={Clock} title={t('activity.empty')}>
          <p>{t('activity.emptyHint')}</p>
        </Empty>
      )}
    </Page>
  );
}

function RunningJob({ job, snapshot }: { job: JobState; snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const lastMessages = job.messages.slice(-6);
  return (
    <section aria-labelledby="running-title" className="space-y-3 rounded-xl border border-line bg-surface p-5">
      <div>
        <h2 id="running-title" className="foreign-text text-lg font-semibold">
          {jobTitle(t, job)}
        </h2>
        <p className="foreign-text text-muted">{t('activity.startedBy', { owner: job.owner, ago: format.ago(job.startedAt) })}</p>
      </div>
      <JobProgress job={job} />
      {lastMessages.length > 0 ? (
        <pre className="foreign-text rounded bg-window p-2 font-mono text-sm whitespace-pre-wrap">{lastMessages.join('\n')}</pre>
      ) : null}
      <CopyButton label={t('action.copyReport')} text={() => jobReportText(job, snapshot)} />
    </section>
  );
}
