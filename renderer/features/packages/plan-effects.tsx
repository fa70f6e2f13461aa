// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatEvr, type LayerPackage, type PackageDetails } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { packageOf, type PlanEffect, type Wish } from '../../model/package-plan.ts';

interface Line {
  readonly name: string;
  readonly version: string;
  readonly why?: string;
  readonly bytes?: number | undefined;
}

/** What a plan does beside what was asked for: sizes first, then every package that comes, goes or changes, and why. */
export function PlanEffects({ effect, wishes }: { effect: PlanEffect; wishes: readonly Wish[] }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { added, along, changed, gone, leftOut, back, inactive, downloadBytes, installedBytes } = effect;
  // said by the list of what was chosen
  const told = new Set<PackageDetails | undefined>(wishes.map((wish) => packageOf(wish, effect)));
  const line = (pkg: PackageDetails, why?: string): Line => ({
    ...{ name: pkg.name, version: formatEvr(pkg), bytes: pkg.installedSizeBytes },
    ...(why === undefined ? {} : { why }),
  });
  const coming = (pkg: LayerPackage, why?: string): Line =>
    line(pkg, [why, pkg.repo === undefined ? '' : t('pkg.fromRepo', { repo: pkg.repo })].filter(Boolean).join(' · '));
  const groups: readonly (readonly [string, readonly Line[]])[] = [
    [t('pkg.group.added'), added.filter((pkg) => !told.has(pkg)).map((pkg) => coming(pkg))],
    [t('pkg.group.along'), along.map((pkg) => coming(pkg, t('pkg.neededByNames', { names: (pkg.neededBy ?? []).join(', ') })))],
    [
      t('pkg.group.changed'),
      changed.map(({ from, to }) => ({ ...coming(to), version: `${formatEvr(from)} → ${formatEvr(to)}`, bytes: to.installedSizeBytes })),
    ],
    [t('pkg.group.gone'), gone.filter((pkg) => !told.has(pkg)).map((pkg) => line(pkg))],
    [t('pkg.group.leftOut'), leftOut.filter((pkg) => !told.has(pkg)).map((pkg) => line(pkg))],
    [t('pkg.group.back'), back.filter((pkg) => !told.has(pkg)).map((pkg) => line(pkg))],
    [t('pkg.group.inactive'), inactive.map(({ spec, by }) => ({ name: spec, version: '', why: t('pkg.providedBy', { name: by }) }))],
  ];
  const shown = groups.filter(([, lines]) => lines.length > 0);
  return (
    <div className="space-y-4">
      <dl className="flex flex-wrap gap-x-8 gap-y-1">
        <Fact name={t('facts.download')} value={downloadBytes === 0 ? t('pkg.allHere') : format.bytesOr(downloadBytes)} />
        <Fact
          name={t('pkg.onDisk')}
          value={
            installedBytes === undefined
              ? t('state.timeUnknown')
              : installedBytes === 0
                ? t('pkg.sameSize')
                : format.bytesDelta(installedBytes)
          }
        />
      </dl>
      {shown.length === 0 && told.has(undefined) && told.size === 1 ? <p className="text-muted">{t('pkg.noEffect')}</p> : null}
      {shown.map(([title, lines]) => (
        <section key={title} className="space-y-1">
          <h3 className="font-semibold">
            {title} <span className="font-normal text-muted">{format.count(lines.length)}</span>
          </h3>
          <ul className="divide-y divide-line rounded-xl border border-line bg-surface">
            {lines.map(({ name, version, why, bytes }) => (
              <li key={`${name} ${version}`} className="flex items-baseline gap-3 px-4 py-1.5">
                <div className="min-w-0 flex-1">
                  <p className="foreign-text">
                    <span className="font-medium">{name}</span> <span className="text-sm text-muted">{version}</span>
                  </p>
                  {why ? <p className="foreign-text text-sm text-muted">{why}</p> : null}
                </div>
                {bytes === undefined ? null : <span className="shrink-0 text-sm text-muted tabular-nums">{format.bytes(bytes)}</span>}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <div>
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="font-medium">{value}</dd>
    </div>
  );
}
