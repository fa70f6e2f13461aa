// SPDX-License-Identifier: LGPL-2.1-or-later
import { AlarmClock } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/use-format.ts';
import { restartActions, useRestart } from '../model/restart-store.ts';
import { ErrorNotice } from '../ui/notices/error-notice.tsx';
import { Button } from '../ui/button.tsx';

const oneHour = 3600;

/** A restart that will happen, how long it is until then, and the two ways out of it. */
export function ScheduleBanner(): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { scheduled, refusal } = useRestart();
  const now = useNow(scheduled?.at);
  if (!scheduled && !refusal) return null;
  return (
    <aside aria-label={t('schedule.banner')} className="border-b border-line bg-warn-soft px-4 py-1.5 md:px-6">
      {refusal ? <ErrorNotice report={refusal} onClose={restartActions.dismissRefusal} /> : null}
      {scheduled ? (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <AlarmClock aria-hidden className="size-4 shrink-0 text-warn" />
          <p className="min-w-40 flex-1 wrap-anywhere">
            {scheduled.version
              ? t('schedule.restartsInto', { version: scheduled.version, when: format.dateTime(scheduled.at) })
              : t('schedule.restarts', { when: format.dateTime(scheduled.at) })}{' '}
            <span className="text-muted tabular-nums">
              {scheduled.at > now ? t('schedule.left', { time: format.duration(scheduled.at - now) }) : t('schedule.now')}
              {scheduled.by ? ` · ${t('schedule.by', { who: scheduled.by })}` : ''}
            </span>
          </p>
          <Button onPress={() => void restartActions.postpone(oneHour)}>{t('schedule.postpone')}</Button>
          <Button onPress={() => void restartActions.cancel()}>{t('schedule.cancel')}</Button>
        </div>
      ) : null}
    </aside>
  );
}

/** Unix seconds, moving every second in the last two minutes and every quarter of a minute before. */
function useNow(until: number | undefined): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  const near = until !== undefined && until - now < 120;
  useEffect(() => {
    if (until === undefined) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), near ? 1000 : 15_000);
    return () => clearInterval(timer);
  }, [until, near]);
  return now;
}
