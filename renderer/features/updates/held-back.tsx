// SPDX-License-Identifier: LGPL-2.1-or-later
import { Download } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobState } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorDetails } from '../../ui/notices/error-notice.tsx';

/** A package that was put on top doesn't fit the new version: which, why, and the three ways on. `job`: what failed because of it. */
export function HeldBack({ report, job }: { report: ErrorReport; job?: JobState }): ReactNode {
  const { t } = useTranslation();
  const text = useErrorText()(report);
  const busy = useHost(({ job: running, intents }) => running !== undefined || intents.includes('upgrade'));
  const packages = (report.subject ?? '').split(', ');
  const names = packages.join(', ');
  const count = packages.length;
  return (
    <Notice
      tone="warn"
      title={text.title}
      actions={
        <>
          <Button
            isDisabled={busy}
            icon={<Download aria-hidden className="size-4 shrink-0" />}
            onPress={() => void hostActions.upgrade({ withoutPackages: packages })}
          >
            {t('action.updateWithout', { names })}
          </Button>
          <Button isDisabled={busy} onPress={() => void hostActions.upgradeRemoving(packages)}>
            {t('action.updateRemoving', { names })}
          </Button>
          {job ? <Button onPress={() => hostActions.dismissJob(job.id)}>{t('action.wait')}</Button> : null}
        </>
      }
    >
      <p className="wrap-anywhere">{text.explanation}</p>
      <p>{t('notice.heldBackNext', { names, count })}</p>
      <ErrorDetails report={report} job={job} />
    </Notice>
  );
}
