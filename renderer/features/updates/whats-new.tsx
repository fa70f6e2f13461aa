// SPDX-License-Identifier: LGPL-2.1-or-later
import { PartyPopper } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { restartActions, useRestart } from '../../model/restart-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { PackageBrowser } from '../../ui/packages/package-browser.tsx';
import { bootedOf } from '../../model/update-state.ts';

/** Said once, after the first start of a new version. */
export function WhatsNewCard({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const news = useRestart((restart) => restart.whatsNew);
  if (!news) return null;
  const booted = bootedOf(snapshot);
  const before = snapshot.deployments.find((deployment) => !deployment.booted && deployment.version === news.fromVersion);
  return (
    <section aria-labelledby="whats-new" className="rounded-xl border border-line bg-accent-soft p-4">
      <div className="flex flex-wrap items-start gap-3">
        <PartyPopper aria-hidden className="mt-0.5 size-5 shrink-0 text-accent" />
        <div className="min-w-40 flex-1">
          <h2 id="whats-new" className="font-semibold wrap-anywhere">
            {t('whatsNew.title', { version: news.toVersion })}
          </h2>
          {news.fromVersion ? <p>{t('whatsNew.before', { version: news.fromVersion })}</p> : null}
        </div>
        <Button onPress={() => void restartActions.acknowledge()}>{t('action.dismiss')}</Button>
      </div>
      {booted && before ? (
        <div className="mt-2">
          <Disclosure summary={t('whatsNew.show')}>{() => <News from={before.id} to={booted.id} />}</Disclosure>
        </div>
      ) : null}
    </section>
  );
}

function News({ from, to }: { from: string; to: string }): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(`${from}:${to}`, () => call('host.compare', from, to));
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!value) return <Spinner label={t('packages.loading')} />;
  if (value.packages.length === 0) return <p>{t('compare.noDifference')}</p>;
  return (
    <div className="flex min-h-96 flex-col">
      <PackageBrowser changes={value.packages} advisories={value.advisories} />
    </div>
  );
}
