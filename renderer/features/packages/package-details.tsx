// SPDX-License-Identifier: LGPL-2.1-or-later
import { Check, Minus, PackageMinus, Plus, Replace, Undo2, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatEvr, type Deployment, type FoundPackage, type PackageDetails as Package } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { isWished, toggleWish, usePlan, type Wish } from '../../model/package-plan.ts';
import { rowName, type PackageRow } from '../../model/package-rows.ts';
import { Button } from '../../ui/button.tsx';
import { PartBadge } from './package-line.tsx';
import { OtherVersions } from './other-versions.tsx';
import { InstalledDetails } from './installed-details.tsx';

interface PackageDetailsProps {
  readonly row: Exclude<PackageRow, { kind: 'heading' }>;
  readonly deployment: Deployment;
  readonly wish: Wish | undefined;
  readonly editable: boolean;
}

/** One package: what it is, what may be done with it, why it is there, and all that is known of it. */
export function PackageDetails({ row, deployment, wish, editable }: PackageDetailsProps): ReactNode {
  const { t } = useTranslation();
  return (
    <article className="space-y-4">
      <header className="space-y-1">
        <h2 className="foreign-text flex flex-wrap items-center gap-2 text-lg font-semibold">
          {rowName(row)} <PartBadge row={row} />
        </h2>
        {row.kind === 'inactive' ? null : <p className="foreign-text text-muted">{row.pkg.summary}</p>}
      </header>
      {wish ? <WishButton wish={wish} /> : null}
      {row.kind === 'inactive' ? <p>{t('pkg.inactiveText')}</p> : <Facts pkg={row.pkg} />}
      {row.kind === 'removed' ? <p>{t('pkg.removedText')}</p> : null}
      {row.kind === 'found' ? <p className="text-muted">{t('pkg.foundText')}</p> : null}
      {row.kind === 'here' && editable && ['base', 'replaced'].includes(row.pkg.part) ? <OtherVersions pkg={row.pkg} /> : null}
      {row.kind === 'here' ? <InstalledDetails pkg={row.pkg} deployment={deployment} editable={editable} /> : null}
    </article>
  );
}

function Facts({ pkg }: { pkg: Package | FoundPackage }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const facts: readonly (readonly [string, string | undefined])[] = [
    [t('compose.factVersion'), `${formatEvr(pkg)} · ${pkg.arch}`],
    ...('repo' in pkg
      ? [[t('compose.factRepo'), pkg.repo] as const]
      : [
          [t('pkg.sizeOnDisk'), format.bytesOr(pkg.installedSizeBytes)] as const,
          [t('compose.factLicense'), pkg.license] as const,
          [t('compose.factSource'), pkg.sourceRpm] as const,
          [t('compose.factBuilt'), pkg.buildTimeSeconds ? format.date(pkg.buildTimeSeconds) : undefined] as const,
        ]),
  ];
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-sm">
      {facts.map(([name, value]) =>
        value ? (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="foreign-text">{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

const wishIcons: Record<Wish['kind'], LucideIcon> = { add: Plus, remove: Minus, leaveOut: PackageMinus, replace: Replace, restore: Undo2 };

function WishButton({ wish }: { wish: Wish }): ReactNode {
  const { t } = useTranslation();
  const wished = usePlan(({ wishes }) => isWished(wishes, wish));
  const Icon = wished ? Check : wishIcons[wish.kind];
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <Button icon={<Icon aria-hidden className="size-4 shrink-0" />} onPress={() => toggleWish(wish)}>
        {t(wished ? 'pkg.takeOff' : `pkg.do.${wish.kind}`)}
      </Button>
      {wished ? <p className="text-sm text-muted">{t(`pkg.will.${wish.kind}`)}</p> : null}
    </div>
  );
}
