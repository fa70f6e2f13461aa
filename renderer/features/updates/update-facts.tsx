// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AvailableUpdate } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { countsText } from '../../model/counts-text.ts';
import { SeverityBadge } from '../../ui/packages/severity-badge.tsx';
import { SignatureLine } from '../../ui/signature-line.tsx';

/** What one wants to know before consenting: sizes, signature, security. */
export function UpdateFacts({ update }: { update: AvailableUpdate }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { sizes, counts, security } = update;
  const sized = sizes && (sizes.downloadExact || sizes.downloadBytes > 0) ? sizes : undefined;
  const download = sized ? format.bytes(sized.downloadBytes) : t('facts.notTold');
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1.5 max-[30rem]:grid-cols-1 max-[30rem]:gap-y-0.5 lg:grid-cols-[max-content_max-content_max-content_1fr]">
      <Fact name={t('facts.download')}>
        {sized?.downloadBytes === 0
          ? t('facts.downloadNothing')
          : !sized || sized.downloadExact
            ? download
            : t('facts.about', { size: download })}
      </Fact>
      <Fact name={t('facts.disk')}>
        {sized
          ? t('facts.diskOf', { size: format.bytes(sized.diskBytes), free: format.bytes(sized.freeBytes) })
          : sizes
            ? t('facts.diskFree', { free: format.bytes(sizes.freeBytes) })
            : t('facts.notTold')}
      </Fact>
      <Fact wide name={t('facts.security')}>
        {!security ? (
          t('facts.notTold')
        ) : security.count > 0 ? (
          <span className="inline-flex flex-wrap items-center gap-2">
            {t('facts.securityCount', { count: security.count })} <SeverityBadge severity={security.worst} />
          </span>
        ) : (
          t('facts.securityNone')
        )}
      </Fact>
      <Fact wide name={t('facts.changes')}>
        {counts ? countsText(t, format, counts) : t('facts.notTold')}
      </Fact>
      <Fact wide name={t('facts.signature')}>
        <SignatureLine signatures={update.signatures} />
      </Fact>
    </dl>
  );
}

/** `wide`: has a line of its own even where two facts would fit. */
function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }): ReactNode {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className={`min-w-0 max-[30rem]:mb-1.5 ${wide ? 'lg:col-span-3' : ''}`}>{children}</dd>
    </>
  );
}
