// SPDX-License-Identifier: LGPL-2.1-or-later
import { PlugZap, RefreshCw, RotateCcw, ShieldAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ServiceInfo } from '../../shared/domain/index.ts';
import { hostActions, useHost } from '../model/host-store.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/page.tsx';
import { RefusalNotice } from '../ui/notices/error-notice.tsx';

/** What stands in place of every page while the service can't be asked, with what to do about it. */
export function ServicePage({ service, title }: { service: ServiceInfo; title: string }): ReactNode {
  const { t } = useTranslation();
  const reloading = useHost(({ intents }) => intents.includes('reload'));
  if (service.kind === 'restarting') {
    return (
      <Page title={title}>
        <Empty icon={RotateCcw} title={t('service.restarting')}>
          <p>{t('service.restartingHint')}</p>
        </Empty>
      </Page>
    );
  }
  const untrusted = service.kind === 'untrusted';
  return (
    <Page title={title}>
      <RefusalNotice intents={['reload']} />
      <Empty icon={untrusted ? ShieldAlert : PlugZap} title={t(untrusted ? 'service.untrusted' : 'service.absent')}>
        <p className="max-w-prose">{t(untrusted ? 'service.untrustedHint' : 'service.absentHint')}</p>
        {service.detail ? <p className="foreign-text max-w-prose text-sm">{service.detail}</p> : null}
        {untrusted ? null : (
          <div className="mt-4">
            <Button
              look="primary"
              isDisabled={reloading}
              icon={<RefreshCw aria-hidden className="size-4 shrink-0" />}
              onPress={() => void hostActions.reload()}
            >
              {t('action.tryAgain')}
            </Button>
          </div>
        )}
      </Empty>
    </Page>
  );
}
