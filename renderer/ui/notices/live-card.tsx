// SPDX-License-Identifier: LGPL-2.1-or-later
import { Undo2, Zap } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot, JobState } from '../../../shared/domain/index.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { liveFacts, liveWords, type LiveFacts } from '../../model/live.ts';
import { Button } from '../button.tsx';
import { ConfirmDialog } from '../dialog.tsx';
import { Notice } from '../notice.tsx';
import { ErrorNotice, RefusalNotice } from './error-notice.tsx';

const icon = 'size-4 shrink-0';

/** What came into the running system without a restart, and what can; nothing where there is neither. */
export function LiveCard({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const facts = liveFacts(snapshot);
  if (!facts || (!facts.live && !facts.offer)) return null;
  // another version that runs is another card
  return <Card key={facts.booted.id} facts={facts} />;
}

type Wanted = Parameters<typeof hostActions.applyLive>[0];

function Card({ facts: { booted, live, offer, stays } }: { facts: LiveFacts }): ReactNode {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<'back' | 'replace'>();
  const [failed, setFailed] = useState<{ readonly job: JobState; readonly wanted: Wanted }>();
  const busy = useHost(({ job, intents }) => job !== undefined || intents.length > 0);
  const applying = useHost(({ intents }) => intents.includes('applyLive'));
  const title = useRef<HTMLHeadingElement>(null);
  const pressed = useRef(false);
  // what is pressed here goes away with what it did
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (pressed.current && !applying && document.activeElement === document.body) title.current?.focus();
    });
    return () => cancelAnimationFrame(frame);
  });
  const apply = async (wanted: Wanted): Promise<void> => {
    pressed.current = true;
    setFailed(undefined);
    const job = await hostActions.applyLive(wanted);
    if (job?.phase === 'failed' && job.error && job.error.code !== 'auth.dismissed') setFailed({ job, wanted });
  };
  const { inProgress } = live ?? {};
  const replaces = failed?.job.error?.code === 'live.would-replace' ? failed.job.error : undefined;
  const words = live && liveWords(live);
  return (
    <section aria-labelledby="live-title" className="space-y-3 rounded-xl border border-line bg-surface p-5">
      <h2 id="live-title" ref={title} tabIndex={-1} className="flex items-center gap-2 text-lg font-semibold">
        <Zap aria-hidden className="size-5 shrink-0 text-accent" />
        {t(live ? 'live.title' : 'live.offerTitle')}
      </h2>
      {live && inProgress === undefined ? (
        <>
          <p className="foreign-text font-medium whitespace-pre-wrap">
            {words === undefined ? t('live.unknown') : words || t('live.noPackages')}
          </p>
          <p className="text-muted">{t(stays ? 'live.stays' : 'live.goes', { version: booted.version })}</p>
        </>
      ) : null}
      {inProgress !== undefined && !applying ? (
        <Notice tone="warn" title={t('live.interrupted')}>
          <p>{t('live.interruptedText')}</p>
        </Notice>
      ) : null}
      {offer && !replaces ? <p className="max-w-prose text-muted">{t('live.offer', { version: offer.version })}</p> : null}
      <RefusalNotice intents={['applyLive']} />
      {replaces ? (
        <Notice
          tone="warn"
          title={t('live.replaces')}
          actions={
            <>
              <Button onPress={() => setFailed(undefined)}>{t('live.waitForRestart')}</Button>
              <Button isDisabled={busy} onPress={() => setAsking('replace')}>
                {t('live.replace')}
              </Button>
            </>
          }
        >
          <p className="foreign-text">{replaces.subject}</p>
          <p>{t('live.replacesText')}</p>
        </Notice>
      ) : failed?.job.error ? (
        <ErrorNotice report={failed.job.error} job={failed.job} onClose={() => setFailed(undefined)} />
      ) : null}
      <div className="flex flex-wrap justify-end gap-2">
        {live ? (
          <Button isDisabled={busy} icon={<Undo2 aria-hidden className={icon} />} onPress={() => setAsking('back')}>
            {t('live.back')}
          </Button>
        ) : null}
        {inProgress === undefined ? null : (
          <Button isPending={applying} isDisabled={busy && !applying} onPress={() => void apply({ target: inProgress })}>
            {t('live.finish')}
          </Button>
        )}
        {offer && !failed ? (
          <Button
            isPending={applying}
            isDisabled={busy && !applying}
            icon={<Zap aria-hidden className={icon} />}
            onPress={() => void apply({})}
          >
            {t('live.use')}
          </Button>
        ) : null}
      </div>
      <ConfirmDialog
        isOpen={asking === 'back'}
        onClose={() => setAsking(undefined)}
        title={t('live.backTitle', { version: booted.version })}
        cancelLabel={t('action.keepAsIs')}
        confirmLabel={t('live.backShort')}
        onConfirm={() => void apply({ target: booted.checksum })}
      >
        <p>{t('live.backText')}</p>
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={asking === 'replace'}
        danger
        onClose={() => setAsking(undefined)}
        title={t('live.replaceTitle', { names: replaces?.subject ?? '' })}
        cancelLabel={t('live.waitForRestart')}
        confirmLabel={t('live.replaceShort')}
        onConfirm={() => void apply({ ...failed?.wanted, replace: true })}
      >
        <p>{t('live.replacesText')}</p>
      </ConfirmDialog>
    </section>
  );
}
