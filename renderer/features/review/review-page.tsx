// SPDX-License-Identifier: LGPL-2.1-or-later
import { Download, FileSearch, RotateCcw } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot, ReviewSummary } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { loadDetails, useDetails } from '../../model/details-store.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { closeView, useRoute } from '../../model/route-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { ViewPage } from '../../ui/view-page.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { RestartDialog } from '../../ui/restart-dialog.tsx';
import { bootedOf, detailsKey, nextBootOf } from '../../model/update-state.ts';
import { EtcPanel } from './etc-panel.tsx';
import { ExportMenu } from './export-menu.tsx';
import { FilesPanel } from './files-panel.tsx';
import { OverviewPanel } from './overview-panel.tsx';
import { PackagesPanel } from './packages-panel.tsx';

/** Everything a version changes, before it is staged and before it is started. */
export function ReviewPage({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const section = useRoute((route) => route.section);
  const key = detailsKey(snapshot) ?? '';
  const target = key.split(':')[1];
  const staged = nextBootOf(snapshot)?.checksum === target;
  const { value, error, reload } = useLoad(key && `${key}:${staged}`, () => call('review.summary', target));
  const backLabel = t('review.back', { section: t(`section.${section}`) });
  const title = value ? t('review.title', { version: value.toVersion }) : t('review.titleUnknown');
  if (!key) {
    return (
      <ViewPage title={title} backLabel={backLabel} onBack={closeView}>
        <Empty icon={FileSearch} title={t('review.nothing')} />
      </ViewPage>
    );
  }
  if (!value) {
    return (
      <ViewPage title={title} backLabel={backLabel} onBack={closeView}>
        {error ? (
          <ErrorNotice report={error}>
            <Button onPress={reload}>{t('action.tryAgain')}</Button>
          </ErrorNotice>
        ) : (
          <Spinner label={t('review.reading')} />
        )}
      </ViewPage>
    );
  }
  return <Review summary={value} snapshot={snapshot} pairKey={key} backLabel={backLabel} title={title} />;
}

interface ReviewProps {
  readonly summary: ReviewSummary;
  readonly snapshot: HostSnapshot;
  readonly pairKey: string;
  readonly backLabel: string;
  readonly title: string;
}

function Review({ summary, snapshot, pairKey, backLabel, title }: ReviewProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [tab, setTab] = useState('overview');
  const [saved, setSaved] = useState<string>();
  const [failed, setFailed] = useState<ErrorReport>();
  const details = useDetails((state) => (state.key === pairKey ? state.details : undefined));
  useEffect(() => void loadDetails(pairKey), [pairKey]);
  const etc = useLoad(`${pairKey}:${summary.staged}`, () => call('review.etc', summary.toChecksum));
  const booted = bootedOf(snapshot);
  const both = etc.value?.entries.filter((entry) => entry.kind === 'both-changed').length ?? 0;
  return (
    <ViewPage
      title={title}
      backLabel={backLabel}
      onBack={closeView}
      actions={
        <>
          <ExportMenu
            checksum={summary.toChecksum}
            onSaved={(name) => {
              setFailed(undefined);
              setSaved(name);
            }}
            onError={setFailed}
          />
          <GoOn summary={summary} snapshot={snapshot} />
        </>
      }
    >
      <RefusalNotice intents={['upgrade', 'restart']} />
      {failed ? <ErrorNotice report={failed} onClose={() => setFailed(undefined)} /> : null}
      {saved ? (
        <div role="status">
          <Notice
            tone="info"
            title={t('review.saved', { name: saved })}
            actions={<Button onPress={() => setSaved(undefined)}>{t('action.dismiss')}</Button>}
          />
        </div>
      ) : null}
      <p className="text-muted">
        {[
          t('state.fromTo', { from: summary.fromVersion, to: summary.toVersion }),
          t(summary.staged ? 'review.isStaged' : 'review.isNotStaged'),
          ...(summary.backTo.version ? [t('overview.backTo', { version: summary.backTo.version })] : []),
        ].join(' · ')}
      </p>
      <Tabs
        label={t('review.tabs')}
        selected={tab}
        onSelect={setTab}
        tabs={[
          {
            id: 'overview',
            label: t('review.overview'),
            content: () => <OverviewPanel summary={summary} etc={etc.value} packageCount={details?.packages.length} onOpen={setTab} />,
          },
          {
            id: 'packages',
            label: t('tabs.packages'),
            note: details ? format.count(details.packages.length) : undefined,
            content: () => <PackagesPanel detailsKey={pairKey} />,
          },
          {
            id: 'etc',
            label: t('review.etc'),
            note: both > 0 ? t('review.toLookAt', { count: both, formatted: format.count(both) }) : undefined,
            content: () => <EtcPanel preview={etc} />,
          },
          {
            id: 'files',
            label: t('review.files'),
            content: () => <FilesPanel from={booted?.checksum ?? ''} to={summary.toChecksum} staged={summary.staged} />,
          },
        ]}
      />
    </ViewPage>
  );
}

/** What one came here to decide about. */
function GoOn({ summary, snapshot }: { summary: ReviewSummary; snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const busy = useHost(({ job, intents }) => job !== undefined || intents.includes('upgrade') || intents.includes('restart'));
  const { check } = snapshot;
  const found = check.kind === 'available' ? check.update : check.kind === 'failed' ? check.last : undefined;
  if (summary.staged) {
    return (
      <>
        <Button
          look="primary"
          isDisabled={busy}
          icon={<RotateCcw aria-hidden className="size-4 shrink-0" />}
          onPress={() => setAsking(true)}
        >
          {t('action.restartNow')}
        </Button>
        <RestartDialog version={summary.toVersion} isOpen={asking} onClose={() => setAsking(false)} />
      </>
    );
  }
  const booted = bootedOf(snapshot);
  // an older one, or one that was gone back from, is asked about on Updates
  if (!found || found.rolledBackFrom || (booted && found.timestamp < booted.timestamp)) return null;
  return (
    <Button
      look="primary"
      isDisabled={busy}
      icon={<Download aria-hidden className="size-4 shrink-0" />}
      onPress={() => void hostActions.upgrade({})}
    >
      {t('action.stage')}
    </Button>
  );
}
