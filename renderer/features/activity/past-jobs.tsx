// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleCheck, CircleSlash, CircleX, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobPhase, JobState } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { useHost } from '../../model/host-store.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';
import { jobTitle } from '../../model/job-text.ts';
import { jobReportText } from '../../model/report.ts';

type EndPhase = Extract<JobPhase, 'succeeded' | 'failed' | 'cancelled'>;

const looks: Record<EndPhase, { icon: LucideIcon; tone: Tone }> = {
  succeeded: { icon: CircleCheck, tone: 'good' },
  failed: { icon: CircleX, tone: 'danger' },
  cancelled: { icon: CircleSlash, tone: 'neutral' },
};

/** Ended jobs, newest first; each opens to its messages and a report to copy. */
export function PastJobs({ jobs }: { jobs: readonly JobState[] }): ReactNode {
  return (
    <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
      {jobs.map((job) => (
        <li key={job.id} className="px-3 py-2">
          <Disclosure summary={<Summary job={job} />}>{() => <Body job={job} />}</Disclosure>
        </li>
      ))}
    </ul>
  );
}

function Summary({ job }: { job: JobState }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const phase: EndPhase = job.phase === 'failed' || job.phase === 'cancelled' ? job.phase : 'succeeded';
  const took = job.endedAt === undefined ? '' : format.duration(Math.max(1, job.endedAt - job.startedAt));
  return (
    <span className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
      <span className="min-w-0">
        <span className="foreign-text block font-medium">{jobTitle(t, job)}</span>
        <span className="foreign-text block text-sm text-muted">
          {[format.dateTime(job.startedAt), job.owner, took && t('activity.took', { time: took })].filter(Boolean).join(' · ')}
        </span>
      </span>
      <Badge icon={looks[phase].icon} tone={looks[phase].tone}>
        {t(`phase.${phase}`)}
      </Badge>
    </span>
  );
}

function Body({ job }: { job: JobState }): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  const snapshot = useHost((host) => host.snapshot);
  const text = job.error ? explain(job.error) : undefined;
  return (
    <div className="space-y-2 pb-1">
      {text ? (
        <div>
          <p className="font-medium">{text.title}</p>
          <ErrorSentences text={text} />
        </div>
      ) : null}
      {job.messages.length > 0 ? (
        <pre tabIndex={0} className="foreign-text max-h-60 overflow-auto rounded bg-window p-2 font-mono text-sm whitespace-pre-wrap">
          {job.messages.join('\n')}
        </pre>
      ) : text ? null : (
        <p className="text-muted">{t('activity.noMessages')}</p>
      )}
      <CopyButton label={t('action.copyReport')} text={() => jobReportText(job, snapshot)} />
    </div>
  );
}
