// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileSearch } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, EtcDrift } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { countDrift, driftKinds } from '../../model/etc-drift.ts';
import { openView } from '../../model/route-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';

/** How much of /etc isn't as the version that runs brings it; the files are on a page of their own. `deployment`: the one that runs. */
export function EtcPanel({ deployment }: { deployment: Deployment }): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(`etc ${deployment.id}`, () => call('review.etcDrift'));
  return (
    <section aria-labelledby="etc-title" className="space-y-3 pt-4">
      <div>
        <h2 id="etc-title" className="text-lg font-semibold">
          {t('drift.title')}
        </h2>
        <p className="max-w-prose text-muted">{t('drift.hint', { version: deployment.version })}</p>
      </div>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-1 basis-60">
            <Counts drift={value} />
          </p>
          {value.entries.length > 0 ? (
            <Button icon={<FileSearch aria-hidden className="size-4 shrink-0" />} onPress={() => openView({ kind: 'etc-drift' })}>
              {t('drift.look')}
            </Button>
          ) : null}
        </div>
      ) : (
        <Spinner label={t('drift.reading')} />
      )}
    </section>
  );
}

function Counts({ drift: { entries, hiddenCount } }: { drift: EtcDrift }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const counts = countDrift(entries);
  const told = driftKinds
    .filter((kind) => counts[kind] > 0)
    .map((kind) => t(`drift.count.${kind}`, { count: counts[kind], formatted: format.count(counts[kind]) }));
  const hidden = hiddenCount ? t('etc.hidden', { count: hiddenCount }) : '';
  // what isn't shown may be all there is
  const none = hiddenCount ? '' : t('drift.none');
  return [told.length > 0 ? `${told.join(' · ')}.` : none, hidden].filter(Boolean).join(' ');
}
