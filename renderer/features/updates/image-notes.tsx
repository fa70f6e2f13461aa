// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ImageUpdate } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Notice } from '../../ui/notice.tsx';

/** Of an update by container image: what to think about before, how sure its list of packages is, and what may have changed besides. */
export function ImageNotes({ image }: { image: ImageUpdate }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { tier, cannotKnow, warnings, touched, trust } = image;
  return (
    <section aria-label={t('image.label')} className="space-y-2">
      {warnings.map(({ kind, from, to }) => (
        <Notice key={kind} tone="warn" title={t(`image.warning.${kind}`, { from, to })} />
      ))}
      <p className="text-sm text-muted">{[t(`image.tier.${tier}`), ...cannotKnow.map((what) => t(`image.unknown.${what}`))].join(' ')}</p>
      {trust ? (
        <p className="foreign-text text-sm text-muted wrap-anywhere">
          {trust.key === undefined
            ? t(trust.requirement === 'none' ? 'image.trust.none' : 'image.trust.anything', { scope: trust.scope, file: trust.file })
            : t('image.trust.signed', { key: trust.key.slice(0, 16), scope: trust.scope, file: trust.file })}
        </p>
      ) : null}
      {touched.length > 0 ? (
        <details className="text-sm">
          <summary>{t('image.touched', { count: touched.length, formatted: format.count(touched.length) })}</summary>
          <p className="foreign-text text-muted wrap-anywhere">{touched.join(', ')}</p>
        </details>
      ) : null}
    </section>
  );
}
