// SPDX-License-Identifier: LGPL-2.1-or-later
import { Play } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { ProblemNotice } from '../../ui/notices/problem-notice.tsx';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';
import { BlockedReason } from './blocked-reason.tsx';
import { HeldBack } from './held-back.tsx';
import { failedUpdateJob, pausedUpdateJob, type UpdateState } from '../../model/update-state.ts';

/** What stays true besides the state: a failed finalization, a failed attempt, a check that failed while something is staged. */
export function Warnings({ snapshot, state }: { snapshot: HostSnapshot; state: UpdateState }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const explain = useErrorText();
  const { endedJob, dismissed } = useHost();
  const failure = snapshot.finalizeFailure;
  const failed = state.kind === 'working' ? undefined : failedUpdateJob(snapshot, endedJob);
  const failedCheck = 'failedCheck' in state ? state.failedCheck : undefined;
  const paused = state.kind === 'available' ? pausedUpdateJob(snapshot, endedJob) : undefined;
  const cancelled = state.kind !== 'working' && endedJob?.phase === 'cancelled' && !dismissed.includes(endedJob.id);
  return (
    <>
      {snapshot.service.kind === 'rpm-ostree' ? (
        <Notice tone="info" title={t('service.stock')}>
          <p>{t('service.stockHint')}</p>
        </Notice>
      ) : null}
      <ProblemNotice snapshot={snapshot} />
      {failure ? (
        <Notice tone="danger" title={t('notice.didNotTake', { version: failure.version })}>
          <p>{t('notice.didNotTakeText', { when: format.dateTime(failure.at) })}</p>
          <p className="foreign-text mt-1 rounded bg-surface/60 px-2 py-1 font-mono text-sm whitespace-pre-wrap">{failure.text}</p>
          <p className="mt-1">{t('notice.didNotTakeNext')}</p>
        </Notice>
      ) : null}
      {failed?.error && !dismissed.includes(failed.id) ? (
        failed.error.code === 'layer.blocks-update' ? (
          <HeldBack report={failed.error} job={failed} />
        ) : (
          <ErrorNotice report={failed.error} job={failed} onClose={() => hostActions.dismissJob(failed.id)} />
        )
      ) : null}
      {/* a failed check is the state itself: not said twice */}
      <RefusalNotice
        intents={['upgrade', 'restart', 'cancel', 'pause', ...(snapshot.check.kind === 'failed' ? [] : (['check'] as const))]}
      />
      {paused ? (
        <Notice
          tone="info"
          title={t('notice.paused')}
          actions={
            <Button look="primary" icon={<Play aria-hidden className="size-4 shrink-0" />} onPress={() => void hostActions.upgrade({})}>
              {t('action.resume')}
            </Button>
          }
        />
      ) : cancelled ? (
        <Notice tone="info" title={t('notice.cancelled')} />
      ) : null}
      {snapshot.check.kind === 'blocked' && state.kind !== 'blocked' ? (
        <Notice tone="warn" title={t('state.blocked')}>
          <BlockedReason check={snapshot.check} />
        </Notice>
      ) : null}
      {failedCheck ? (
        <Notice
          tone="warn"
          title={failedCheck.since > 0 ? t('state.failedSince', { when: format.dateTime(failedCheck.since) }) : t('state.failedEver')}
        >
          <ErrorSentences text={explain(failedCheck.error)} />
        </Notice>
      ) : null}
    </>
  );
}
