// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { jobTitle, stepText } from '../model/job-text.ts';
import { isUpdateJob } from '../model/update-state.ts';
import { useFormat } from '../i18n/use-format.ts';
import { useHost } from '../model/host-store.ts';
import { goTo, type Section } from '../model/route-store.ts';
import { Bar } from '../ui/bar.tsx';
import { Button } from '../ui/button.tsx';

/** The running job in one line, on pages that don't show it in full anyway. */
export function ActivityBar({ section }: { section: Section }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const job = useHost((host) => host.job);
  if (!job || section === 'activity' || (section === 'updates' && isUpdateJob(job))) return null;
  const { progress } = job;
  const fraction = progress && progress.stepCount > 0 ? progress.fraction : undefined;
  const title = jobTitle(t, job);
  return (
    <aside
      aria-label={t('activity.running')}
      className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line bg-sidebar px-4 py-2 md:px-6"
    >
      <p className="foreign-text text-sm">
        {title}
        {progress ? <span className="text-muted"> · {stepText(t, progress)}</span> : null}
      </p>
      <div className="min-w-24 flex-1">
        <Bar label={title} fraction={fraction} valueText={fraction === undefined ? undefined : format.percent(fraction)} />
      </div>
      <Button look="quiet" onPress={() => goTo('activity')}>
        {t('action.show')}
      </Button>
    </aside>
  );
}
