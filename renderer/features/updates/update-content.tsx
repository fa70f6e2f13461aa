// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PackageOpen } from 'lucide-react';
import type { UpdateDetails } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { loadDetails, useDetails } from '../../model/details-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { AdvisoryList } from '../../ui/packages/advisory-list.tsx';
import { ChangelogList } from '../../ui/packages/changelog-list.tsx';
import { PackageBrowser } from '../../ui/packages/package-browser.tsx';
import { ImageNotes } from './image-notes.tsx';
import { ReleaseList } from './release-list.tsx';

/** What the pending update holds, package by package, before anything is downloaded. */
export function UpdateContent({ detailsKey }: { detailsKey: string }): ReactNode {
  const { t } = useTranslation();
  const { key, loading, details, error } = useDetails();
  useEffect(() => void loadDetails(detailsKey), [detailsKey]);
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={() => void loadDetails(detailsKey, true)}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (loading || key !== detailsKey || !details) return <Spinner label={t('packages.loading')} />;
  return (
    <>
      <ReleaseList releases={details.releases} />
      <WithChangelogs key={details.toChecksum} details={details} />
    </>
  );
}

/** Where the publisher gives names only, changelogs come with the package database: fetched when wanted, its size said before. */
function WithChangelogs({ details }: { details: UpdateDetails }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [wanted, setWanted] = useState(false);
  const { toChecksum, rpmdbBytes } = details;
  const { value, error } = useLoad(wanted ? toChecksum : '', () => call('review.preview', { revision: toChecksum, fetchRpmdb: true }));
  if (rpmdbBytes === undefined) return <UpdateTabs details={details} />;
  return (
    <>
      {error ? <ErrorNotice report={error} onClose={() => setWanted(false)} /> : null}
      {value ? null : (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <p className="text-sm text-muted">{t('packages.changelogsElsewhere', { size: format.bytes(rpmdbBytes) })}</p>
          <Button isDisabled={wanted && !error} onPress={() => setWanted(true)}>
            {t('packages.fetchChangelogs')}
          </Button>
        </div>
      )}
      <UpdateTabs details={value ?? details} />
    </>
  );
}

/** Packages, advisories, changelog. */
export function UpdateTabs({ details }: { details: UpdateDetails }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const withChangelog = details.packages.filter((change) => (change.changelog?.length ?? 0) > 0).length;
  const notes = details.image ? <ImageNotes image={details.image} /> : null;
  if (details.packages.length === 0) {
    // the notes say what isn't known: that nothing changes is said of an image only where that is so
    if (details.image && details.image.cannotKnow.length > 0) return notes;
    return (
      <Empty icon={PackageOpen} title={t(details.source === 'none' ? 'packages.unknown' : 'packages.noChanges')}>
        <p>{t(details.source === 'none' ? 'packages.unknownHint' : 'packages.noChangesHint')}</p>
      </Empty>
    );
  }
  return (
    <>
      {notes}
      {details.source === 'pkglist' && !details.image ? <p className="text-sm text-muted">{t('packages.namesOnly')}</p> : null}
      <Tabs
        label={t('tabs.label')}
        tabs={[
          {
            id: 'packages',
            label: t('tabs.packages'),
            note: format.count(details.packages.length),
            content: () => <PackageBrowser changes={details.packages} advisories={details.advisories} />,
          },
          {
            id: 'advisories',
            label: t('tabs.advisories'),
            note: details.notTold?.includes('advisories') ? undefined : format.count(details.advisories.length),
            content: () =>
              details.notTold?.includes('advisories') ? (
                <Empty icon={PackageOpen} title={t('facts.notTold')} />
              ) : (
                <AdvisoryList advisories={details.advisories} />
              ),
          },
          {
            id: 'changelog',
            label: t('tabs.changelog'),
            note: details.notTold?.includes('changelogs') ? undefined : format.count(withChangelog),
            content: () =>
              details.notTold?.includes('changelogs') ? (
                <Empty icon={PackageOpen} title={t('facts.notTold')} />
              ) : (
                <ChangelogList changes={details.packages} />
              ),
          },
        ]}
      />
    </>
  );
}
