// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../shared/domain/index.ts';
import { ErrorNotice } from '../ui/notices/error-notice.tsx';
import { ActivityPage } from '../features/activity/activity-page.tsx';
import { HistoryPage } from '../features/history/history-page.tsx';
import { ReviewPage } from '../features/review/review-page.tsx';
import { PreferencesDialog } from '../features/settings/preferences-dialog.tsx';
import { SourcesPanel } from '../features/sources/sources-panel.tsx';
import { ChangeSourcePage } from '../features/updates/change-source-page.tsx';
import { PreviewPage } from '../features/updates/preview-page.tsx';
import { UpdatesPage } from '../features/updates/updates-page.tsx';
import { loadSnapshot, useHost } from '../model/host-store.ts';
import { useRoute, type Section, type View } from '../model/route-store.ts';
import { Button } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { ActivityBar } from './activity-bar.tsx';
import { Announcer } from './announcer.tsx';
import { BrokenPage, ErrorBoundary } from './error-boundary.tsx';
import { Header } from './header.tsx';
import { Rail } from './rail.tsx';
import { ScheduleBanner } from './schedule-banner.tsx';
import { ServicePage } from './service-page.tsx';
import { StagedBanner } from './staged-banner.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** Chunks of their own: who looks for an update doesn't pay for them at each start. */
const PackagesPage = lazy(() => import('../features/packages/packages-page.tsx'));
const SystemPage = lazy(() => import('../features/system/system-page.tsx'));
const EtcPage = lazy(() => import('../features/system/etc-page.tsx'));
const ComposePage = lazy(() => import('../features/compose/compose-page.tsx'));

/** Composing needs no service; the other sections show what it knows. */
type HostSection = Exclude<Section, 'compose'>;

function ViewOf({ view, snapshot }: { view: View; snapshot: HostSnapshot }): ReactNode {
  switch (view.kind) {
    case 'review':
      return <ReviewPage snapshot={snapshot} />;
    case 'preview':
      return <PreviewPage snapshot={snapshot} target={view.target} name={view.name} />;
    case 'etc-drift':
      return (
        <Suspense fallback={null}>
          <EtcPage snapshot={snapshot} />
        </Suspense>
      );
    case 'change-source':
      return <ChangeSourcePage snapshot={snapshot} />;
  }
}

/** Where one feature shows another, it gets it from here: none knows of the others. */
function HostPage({ section, snapshot }: { section: HostSection; snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  switch (section) {
    case 'updates':
      return <UpdatesPage snapshot={snapshot} preferences={(onClose) => <PreferencesDialog onClose={onClose} />} />;
    case 'history':
      return <HistoryPage snapshot={snapshot} sources={() => <SourcesPanel snapshot={snapshot} />} />;
    case 'packages':
      return (
        <Suspense fallback={<Page title={t('section.packages')}>{null}</Page>}>
          <PackagesPage snapshot={snapshot} />
        </Suspense>
      );
    case 'system':
      return (
        <Suspense fallback={<Page title={t('section.system')}>{null}</Page>}>
          <SystemPage snapshot={snapshot} />
        </Suspense>
      );
    case 'activity':
      return <ActivityPage snapshot={snapshot} />;
  }
}

/** The shell: rail, header, page, activity bar. */
export function App(): ReactNode {
  const { t } = useTranslation();
  const section = useRoute((route) => route.section);
  const view = useRoute((route) => route.view);
  const snapshot = useHost((host) => host.snapshot);
  const unreadable = useHost((host) => host.unreadable);
  const main = useRef<HTMLElement>(null);
  useShortcuts();
  useEffect(() => {
    document.title = `${t(`section.${section}`)} · Treeline`;
    main.current?.scrollTo({ top: 0 });
  }, [section, view, t]);
  const usable = snapshot && !['absent', 'untrusted', 'restarting'].includes(snapshot.service.kind);
  return (
    <div className="flex h-full max-md:flex-col-reverse">
      <Rail />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        {snapshot ? <Header snapshot={snapshot} /> : null}
        {usable ? <StagedBanner snapshot={snapshot} section={section} /> : null}
        {usable ? <ScheduleBanner /> : null}
        <main ref={main} className="min-h-0 flex-1 overflow-y-auto">
          {/* another page starts anew */}
          <ErrorBoundary
            key={`${section} ${view?.kind ?? ''}`}
            fallback={(report, leave) => <BrokenPage report={report} title={t(`section.${section}`)} onLeave={leave} />}
          >
            {section === 'compose' ? (
              <Suspense fallback={<Page title={t('section.compose')}>{null}</Page>}>
                <ComposePage />
              </Suspense>
            ) : usable ? (
              view ? (
                <ViewOf view={view} snapshot={snapshot} />
              ) : (
                <HostPage section={section} snapshot={snapshot} />
              )
            ) : snapshot ? (
              <ServicePage service={snapshot.service} title={t(`section.${section}`)} />
            ) : (
              <Page title={t(`section.${section}`)}>
                {unreadable ? (
                  <ErrorNotice report={unreadable}>
                    <Button onPress={() => void loadSnapshot()}>{t('action.tryAgain')}</Button>
                  </ErrorNotice>
                ) : (
                  <Spinner label={t('service.connecting')} />
                )}
              </Page>
            )}
          </ErrorBoundary>
        </main>
        <ActivityBar section={section} />
      </div>
      <Announcer />
    </div>
  );
}
