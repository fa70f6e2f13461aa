// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobState } from '../../shared/domain/index.ts';
import { jobTitle, stepText } from '../model/job-text.ts';
import { useErrorText } from '../i18n/use-error-text.ts';
import { useFormat } from '../i18n/use-format.ts';
import { useHost } from '../model/host-store.ts';
import { announcementFor } from './announcement.ts';

/** Two live regions: polite for steps and every 10 %, assertive for failure only. */
export function Announcer(): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const explain = useErrorText();
  const [polite, setPolite] = useState('');
  const [assertive, setAssertive] = useState('');
  useEffect(() => {
    const tell = (before: JobState | undefined, now: JobState): void => {
      const announcement = announcementFor(before, now);
      const title = jobTitle(t, now);
      if (announcement?.kind === 'step' && now.progress) setPolite(`${title}: ${stepText(t, now.progress)}`);
      if (announcement?.kind === 'percent') setPolite(format.percent(announcement.tens / 10));
      if (announcement?.kind !== 'end') return;
      if (now.phase === 'succeeded') setPolite(`${title}: ${t('phase.succeeded')}`);
      if (now.phase === 'cancelled') setPolite(`${title}: ${t('phase.cancelled')}`);
      if (now.phase === 'failed') setAssertive(`${title}: ${now.error ? explain(now.error).title : t('phase.failed')}`);
    };
    return useHost.subscribe((now, before) => {
      if (now.job && now.job !== before.job) tell(before.job, now.job);
      if (now.endedJob && now.endedJob !== before.endedJob) tell(before.job, now.endedJob);
      if (now.refusal && now.refusal !== before.refusal) setAssertive(explain(now.refusal.error).title);
    });
  });
  return (
    <>
      <div role="status" aria-live="polite" className="sr-only">
        {polite}
      </div>
      <div role="alert" aria-live="assertive" className="sr-only">
        {assertive}
      </div>
    </>
  );
}
