// SPDX-License-Identifier: LGPL-2.1-or-later
import { Layers } from 'lucide-react';
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { requestsOf, type AvailableUpdate, type Deployment, type UpdatePlan } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { useHost } from '../../model/host-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { HeldBack } from './held-back.tsx';

/** What becomes of the packages that this machine has on top, before anything is consented to. It costs a download, so it is asked for. */
export function OwnPackages({ update, newest }: { update: AvailableUpdate; newest: Deployment }): ReactNode {
  const { t } = useTranslation();
  const [asked, setAsked] = useState('');
  const title = useRef<HTMLHeadingElement>(null);
  const busy = useHost(({ job, intents }) => (job !== undefined && job.method !== 'PlanUpdate') || intents.includes('upgrade'));
  const isAsked = asked === update.checksum;
  const look = (): void => {
    setAsked(update.checksum);
    // the button goes away with this
    title.current?.focus();
  };
  const { value, error, reload } = useLoad(isAsked ? update.checksum : '', () => call('host.planUpdate'));
  if (requestsOf(newest.origin).length === 0) return null;
  return (
    <section aria-labelledby="own-title" aria-live="polite" className="space-y-2">
      <h3 id="own-title" ref={title} tabIndex={-1} className="font-medium">
        {t('own.title')}
      </h3>
      {!isAsked ? (
        <>
          <p className="text-muted">{t('own.unknown')}</p>
          <Button isDisabled={busy} icon={<Layers aria-hidden className="size-4 shrink-0" />} onPress={look}>
            {t('own.look')}
          </Button>
        </>
      ) : error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <Found plan={value} />
      ) : (
        <Spinner label={t('own.looking')} />
      )}
    </section>
  );
}

function Found({ plan: { layer, problem } }: { plan: UpdatePlan }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (problem) return problem.code === 'layer.blocks-update' ? <HeldBack report={problem} /> : <ErrorNotice report={problem} />;
  const { added = [], replaced = [], inactive = [], setAside = [] } = layer ?? {};
  const bytes = added.reduce((sum, { downloadBytes }) => sum + (downloadBytes ?? NaN), 0);
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(', ');
  const overridden = replaced.map(({ before, after }) =>
    after === undefined ? t('own.leftOut', { before }) : t('own.replaced', { before, after }),
  );
  const lines = [
    ...(added.length > 0 ? [t('own.stays', { count: added.length, names: names(added) })] : []),
    ...(added.length === 0
      ? []
      : Number.isNaN(bytes)
        ? [t('own.sizeUnknown')]
        : bytes > 0
          ? [t('own.fetched', { size: format.bytes(bytes) })]
          : [t('own.here')]),
    ...overridden,
    ...inactive.map(({ spec, by }) => t('own.inactive', { spec, by })),
    ...setAside.map((spec) => t('own.setAside', { spec })),
  ];
  return (
    <ul className="list-disc space-y-0.5 pl-5 wrap-anywhere">
      {(lines.length > 0 ? lines : [t('own.nothing')]).map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
