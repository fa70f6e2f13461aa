import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AvailableUpdate } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { countsText } from '../packages/counts-text.ts';
import { SeverityBadge } from '../packages/severity-badge.tsx';
import { SignatureLine } from './signature-line.tsx';

/** What one wants to know before consenting: sizes, signature, security. */
export function UpdateFacts({ update }: { update: AvailableUpdate }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { sizes, counts, security } = update;
  const download = format.bytes(sizes.downloadBytes);
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1.5 max-[30rem]:grid-cols-1 max-[30rem]:gap-y-0.5 lg:grid-cols-[max-content_max-content_max-content_1fr]">
      <Fact name={t('facts.download')}>
        {sizes.downloadBytes === 0 && sizes.downloadExact
          ? t('facts.downloadNothing')
          : sizes.downloadExact
            ? download
            : t('facts.about', { size: download })}
      </Fact>
      <Fact name={t('facts.disk')}>{t('facts.diskOf', { size: format.bytes(sizes.diskBytes), free: format.bytes(sizes.freeBytes) })}</Fact>
      <Fact wide name={t('facts.security')}>
        {security.count > 0 ? (
          <span className="inline-flex flex-wrap items-center gap-2">
            {t('facts.securityCount', { count: security.count })} <SeverityBadge severity={security.worst} />
          </span>
        ) : (
          t('facts.securityNone')
        )}
      </Fact>
      <Fact wide name={t('facts.changes')}>
        {countsText(t, format, counts)}
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
