// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobState } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { hostActions, useHost, type Intent } from '../../model/host-store.ts';
import { goTo } from '../../model/route-store.ts';
import { Button } from '../button.tsx';
import { Disclosure } from '../disclosure.tsx';
import { Notice } from '../notice.tsx';
import { CopyButton } from '../copy-button.tsx';
import { ErrorSentences } from './error-sentences.tsx';
import { errorReportText, jobReportText } from '../../model/report.ts';

/** The technical side of an error, closed at first. */
export function ErrorDetails({ report, job }: { report: ErrorReport; job?: JobState | undefined }): ReactNode {
  const { t } = useTranslation();
  const snapshot = useHost((host) => host.snapshot);
  return (
    <div className="mt-1">
      <Disclosure summary={t('error.details')}>
        {() => (
          <div className="space-y-2">
            <pre className="foreign-text max-h-60 overflow-auto rounded bg-window p-2 font-mono text-sm whitespace-pre-wrap" tabIndex={0}>
              {errorReportText(report)}
            </pre>
            <CopyButton label={t('action.copyDetails')} text={() => (job ? jobReportText(job, snapshot) : errorReportText(report))} />
          </div>
        )}
      </Disclosure>
    </div>
  );
}

interface ErrorNoticeProps {
  readonly report: ErrorReport;
  readonly job?: JobState | undefined;
  readonly onClose?: () => void;
  /** Further buttons. */
  readonly children?: ReactNode;
}

/** A failure: a sentence, what it means, what to do next, details behind a toggle. */
export function ErrorNotice({ report, job, onClose, children }: ErrorNoticeProps): ReactNode {
  const { t } = useTranslation();
  const text = useErrorText()(report);
  const diskFull = report.code === 'disk.full' || report.code === 'disk.boot-full';
  const busy = report.code === 'sysroot.busy';
  return (
    <Notice
      tone="danger"
      title={text.title}
      actions={
        <>
          {diskFull ? <Button onPress={() => goTo('history')}>{t('action.openHistory')}</Button> : null}
          {busy ? <Button onPress={() => goTo('activity')}>{t('action.openActivity')}</Button> : null}
          {children}
          {onClose ? <Button onPress={onClose}>{t('action.dismiss')}</Button> : null}
        </>
      }
    >
      <ErrorSentences text={text} />
      <ErrorDetails report={report} job={job} />
    </Notice>
  );
}

/** Why the last of these intents wasn't even started, until closed or tried again. */
export function RefusalNotice({ intents }: { intents: readonly Intent[] }): ReactNode {
  const refusal = useHost((host) => host.refusal);
  if (!refusal || !intents.includes(refusal.intent)) return null;
  return <ErrorNotice report={refusal.error} onClose={hostActions.dismissRefusal} />;
}
