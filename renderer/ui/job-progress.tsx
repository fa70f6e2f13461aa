// SPDX-License-Identifier: LGPL-2.1-or-later
import { Pause, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobState } from '../../shared/domain/index.ts';
import { useFormat } from '../i18n/use-format.ts';
import { hostActions, useHost } from '../model/host-store.ts';
import { Bar } from './bar.tsx';
import { Button } from './button.tsx';
import { isUpdateJob } from '../model/update-state.ts';
import { amountText, jobTitle, stepText } from '../model/job-text.ts';

/** Step, one bar over the whole job, amounts, and Cancel as long as it is safe. */
export function JobProgress({ job }: { job: JobState }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const cancelling = useHost(({ intents }) => intents.includes('cancel') || intents.includes('pause'));
  const canPause =
    useHost(({ snapshot }) => snapshot?.service.kind === 'treeline') && isUpdateJob(job) && job.progress?.bytesTotal !== undefined;
  const { progress } = job;
  const fraction = progress && progress.stepCount > 0 ? progress.fraction : undefined;
  const amount = progress ? amountText(t, format, progress) : '';
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <p>
          {progress ? stepText(t, progress) : t('progress.waiting')}
          {progress && progress.stepCount > 1 ? (
            <span className="text-muted"> · {t('progress.step', { index: progress.stepIndex + 1, count: progress.stepCount })}</span>
          ) : null}
        </p>
        {fraction === undefined ? null : <p className="tabular-nums">{format.percent(fraction)}</p>}
      </div>
      <Bar label={jobTitle(t, job)} fraction={fraction} valueText={fraction === undefined ? undefined : format.percent(fraction)} />
      <p className="min-h-5 text-sm text-muted tabular-nums">{amount}</p>
      {job.phase === 'uninterruptible' ? (
        <p className="text-muted">{t('progress.uninterruptible')}</p>
      ) : (
        <div className="flex flex-wrap gap-2">
          {canPause ? (
            <Button
              isDisabled={cancelling}
              icon={<Pause aria-hidden className="size-4 shrink-0" />}
              onPress={() => void hostActions.pause()}
            >
              {t('action.pause')}
            </Button>
          ) : null}
          <Button isDisabled={cancelling} icon={<X aria-hidden className="size-4 shrink-0" />} onPress={() => void hostActions.cancel()}>
            {cancelling ? t('action.cancelling') : t('action.cancel')}
          </Button>
        </div>
      )}
    </div>
  );
}
