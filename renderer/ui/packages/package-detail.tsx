// SPDX-License-Identifier: LGPL-2.1-or-later
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PackageChange } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Button } from '../button.tsx';
import { AdvisoryBody, AdvisoryHead } from './advisory-card.tsx';
import { Changelog } from './changelog.tsx';
import { versionChange, type AdvisoryIndex } from './rows.ts';

interface PackageDetailProps {
  readonly change: PackageChange;
  readonly advisories: AdvisoryIndex;
  readonly onBack: () => void;
}

/** What one package's change brings: versions, size, advisories, new changelog entries. */
export function PackageDetail({ change, advisories, onBack }: PackageDetailProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const known = (change.advisories ?? []).flatMap((id) => advisories.get(id) ?? []);
  const entries = change.changelog ?? [];
  return (
    <article className="space-y-4 p-4">
      <div className="lg:hidden">
        <Button look="quiet" icon={<ArrowLeft aria-hidden className="size-4" />} onPress={onBack}>
          {t('packages.back')}
        </Button>
      </div>
      <header>
        <h2 className="foreign-text text-lg font-semibold">{change.name}</h2>
        <p className="foreign-text">
          {t(`change.${change.kind}`)} · {versionChange(change)}
          {change.arch && ` · ${change.arch}`}
        </p>
        {change.summary ? <p className="foreign-text mt-1 text-muted">{change.summary}</p> : null}
        {change.sizeDeltaBytes ? (
          <p className="mt-1 text-sm text-muted">{t('packages.sizeDelta', { size: format.bytesDelta(change.sizeDeltaBytes) })}</p>
        ) : null}
      </header>
      {known.length > 0 ? (
        <section className="space-y-3">
          <h3 className="font-semibold">{t('tabs.advisories')}</h3>
          {known.map((advisory) => (
            <div key={advisory.id} className="space-y-1">
              <AdvisoryHead advisory={advisory} />
              <AdvisoryBody advisory={advisory} />
            </div>
          ))}
        </section>
      ) : null}
      <section className="space-y-2">
        <h3 className="font-semibold">{t('changelog.newEntries')}</h3>
        {entries.length > 0 ? (
          <Changelog entries={entries} />
        ) : (
          <p className="text-muted">
            {t(change.kind === 'removed' ? 'changelog.removed' : change.changelog ? 'changelog.noneForPackage' : 'changelog.notKnown')}
          </p>
        )}
      </section>
    </article>
  );
}
