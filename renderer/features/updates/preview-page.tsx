// SPDX-License-Identifier: LGPL-2.1-or-later
import { Download } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot, UpdateDetails } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { closeView, goTo, useRoute, type PreviewTarget } from '../../model/route-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ViewPage } from '../../ui/view-page.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { SignatureLine } from '../../ui/signature-line.tsx';
import { UpdateTabs } from './update-content.tsx';
import { bootedOf } from '../../model/update-state.ts';

/** A release in between, or what a medium holds, shown as the pending update is. */
export function PreviewPage({ snapshot, target, name }: { snapshot: HostSnapshot; target: PreviewTarget; name: string }): ReactNode {
  const { t } = useTranslation();
  const section = useRoute((route) => route.section);
  return (
    <ViewPage
      title={t(target.medium === undefined ? 'preview.title' : 'media.title', { name, version: name })}
      backLabel={t('review.back', { section: t(`section.${section}`) })}
      onBack={closeView}
    >
      <RefusalNotice intents={['deploy', 'rebase', 'mediaUpgrade']} />
      <PreviewBody snapshot={snapshot} target={target} />
    </ViewPage>
  );
}

/** Sizes, signature and changes of a target, and the button that takes it. */
export function PreviewBody({ snapshot, target }: { snapshot: HostSnapshot; target: PreviewTarget }): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(JSON.stringify(target), () => call('review.preview', target));
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!value) return <Spinner label={t('packages.loading')} />;
  return (
    <>
      <TakeIt details={value} snapshot={snapshot} target={target} />
      <UpdateTabs details={value} />
    </>
  );
}

function TakeIt({ details, snapshot, target }: { details: UpdateDetails; snapshot: HostSnapshot; target: PreviewTarget }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const busy = useHost(({ job, intents }) => job !== undefined || intents.length > 0);
  const booted = bootedOf(snapshot);
  const { sizes } = details;
  const here = snapshot.deployments.some((deployment) => deployment.checksum === details.toChecksum);
  const tooBig = sizes && sizes.diskBytes > sizes.freeBytes ? sizes : undefined;
  const sized = sizes && (sizes.downloadExact || sizes.downloadBytes > 0) ? sizes : undefined;
  const older = booted !== undefined && details.toTimeSeconds > 0 && details.toTimeSeconds < booted.timestamp;
  const download = sized ? format.bytes(sized.downloadBytes) : t('facts.notTold');
  const take = (): void => {
    const job =
      target.medium !== undefined
        ? hostActions.mediaUpgrade(target.medium)
        : target.refspec !== undefined
          ? hostActions.rebase(target.refspec, target.revision)
          : hostActions.deploy(details.toChecksum);
    void job.then((ended) => ended?.phase === 'succeeded' && goTo('updates'));
  };
  return (
    <section aria-label={t('preview.facts')} className="space-y-3 rounded-xl border border-line bg-surface p-5">
      <p className="text-lg font-semibold wrap-anywhere">{t('state.fromTo', { from: details.fromVersion, to: details.toVersion })}</p>
      <ul className="space-y-0.5 text-muted">
        {details.toTimeSeconds > 0 ? <li>{t('state.published', { ago: format.ago(details.toTimeSeconds) })}</li> : null}
        <li>
          {t('facts.download')}: {!sized || sized.downloadExact ? download : t('facts.about', { size: download })} · {t('facts.disk')}:{' '}
          {sized ? t('facts.diskOf', { size: format.bytes(sized.diskBytes), free: format.bytes(sized.freeBytes) }) : t('facts.notTold')}
        </li>
        <li>
          <SignatureLine signatures={details.notTold?.includes('signatures') ? undefined : details.signatures} />
        </li>
      </ul>
      {older ? <Notice tone="warn" title={t('notice.older', { version: details.toVersion, current: booted.version })} /> : null}
      {tooBig ? (
        <Notice tone="warn" title={t('notice.tooBig', { need: format.bytes(tooBig.diskBytes), free: format.bytes(tooBig.freeBytes) })}>
          <p>{t('notice.tooBigNext')}</p>
        </Notice>
      ) : null}
      {here ? (
        <p>{t('preview.here', { version: details.toVersion })}</p>
      ) : (
        <Button look="primary" isDisabled={busy} icon={<Download aria-hidden className="size-4 shrink-0" />} onPress={take}>
          {t(target.refspec !== undefined ? 'preview.change' : 'preview.take', { version: details.toVersion })}
        </Button>
      )}
    </section>
  );
}
