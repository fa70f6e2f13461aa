// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleMinus, CirclePlus } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcPreview, ReviewSummary } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { EtcBadge } from './etc-badge.tsx';
import { countEtc, etcKinds } from './etc-rows.ts';

interface OverviewPanelProps {
  readonly summary: ReviewSummary;
  readonly etc: EtcPreview | undefined;
  readonly packageCount: number | undefined;
  readonly onOpen: (tab: 'packages' | 'etc' | 'files') => void;
}

/** Everything beside packages in one view: what starts, with which arguments, what becomes of the configuration. */
export function OverviewPanel({ summary, etc, packageCount, onOpen }: OverviewPanelProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { kernel, initramfs, boot } = summary;
  const counts = etc?.available ? countEtc(etc.entries) : undefined;
  return (
    <div className="space-y-4">
      {summary.partial ? <p className="text-muted">{t('overview.partial')}</p> : null}
      {etc?.entries.some((entry) => entry.problem === 'blocks') ? <Notice tone="danger" title={t('overview.etcBlocks')} /> : null}
      {boot.needBytes > boot.freeBytes ? (
        <Notice tone="warn" title={t('overview.bootFull', { need: format.bytes(boot.needBytes), free: format.bytes(boot.freeBytes) })}>
          <p>{t('notice.tooBigNext')}</p>
        </Notice>
      ) : null}
      <dl className="divide-y divide-line rounded-xl border border-line bg-surface">
        <Fact
          name={t('overview.packages')}
          action={packageCount ? <Open label={t('overview.showPackages')} onPress={() => onOpen('packages')} /> : null}
        >
          {packageCount === undefined
            ? t('overview.unknown')
            : t('packages.found', { count: packageCount, formatted: format.count(packageCount) })}
        </Fact>
        <Fact name={t('overview.kernel')}>
          {kernel.to === '' ? (
            t('overview.unknown')
          ) : kernel.from === kernel.to ? (
            t('overview.kernelSame', { version: kernel.to })
          ) : (
            <Change from={kernel.from} to={kernel.to} />
          )}
        </Fact>
        <Fact name={t('overview.initramfs')}>
          {summary.partial
            ? t('overview.unknown')
            : initramfs.changed
              ? t('overview.initramfsNew', { from: format.bytes(initramfs.fromBytes), to: format.bytes(initramfs.toBytes) })
              : t('overview.initramfsSame', { size: format.bytes(initramfs.toBytes) })}
        </Fact>
        <Fact name={t('overview.kernelArgs')}>
          <KernelArgs {...summary.kernelArgs} />
        </Fact>
        <Fact name={t('review.etc')} action={<Open label={t('overview.showEtc')} onPress={() => onOpen('etc')} />}>
          {counts ? (
            etcKinds.every((kind) => counts[kind] === 0) ? (
              t('etc.nothing')
            ) : (
              <ul className="flex flex-wrap gap-x-4 gap-y-1">
                {etcKinds
                  .filter((kind) => counts[kind] > 0)
                  .map((kind) => (
                    <li key={kind} className="inline-flex items-center gap-1.5">
                      <span className="tabular-nums">{format.count(counts[kind])}</span> <EtcBadge kind={kind} />
                    </li>
                  ))}
              </ul>
            )
          ) : (
            t('overview.unknown')
          )}
        </Fact>
        <Fact name={t('overview.boot')}>
          {summary.partial
            ? t('overview.unknown')
            : t('overview.bootText', { need: format.bytes(boot.needBytes), free: format.bytes(boot.freeBytes) })}
        </Fact>
        <Fact name={t('overview.wayBack')}>
          {summary.backTo.version ? t('overview.backTo', { version: summary.backTo.version }) : t('overview.noWayBack')}
        </Fact>
      </dl>
    </div>
  );
}

function Fact({ name, action, children }: { name: string; action?: ReactNode; children: ReactNode }): ReactNode {
  return (
    <div className="grid grid-cols-[11rem_1fr_max-content] items-start gap-x-4 gap-y-1 px-5 py-3 max-[40rem]:grid-cols-1">
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
      {action ? <dd className="-my-1.5 max-[40rem]:my-0 max-[40rem]:-ml-3.5">{action}</dd> : null}
    </div>
  );
}

function Open({ label, onPress }: { label: string; onPress: () => void }): ReactNode {
  return (
    <Button look="quiet" onPress={onPress}>
      {label}
    </Button>
  );
}

function Change({ from, to }: { from: string; to: string }): ReactNode {
  const { t } = useTranslation();
  return (
    <span className="wrap-anywhere">
      <span className="sr-only">{t('state.fromTo', { from, to })}</span>
      <span aria-hidden>
        {from} <span className="text-muted">→</span> <strong className="font-semibold">{to}</strong>
      </span>
    </span>
  );
}

function KernelArgs({ current, next, added, removed }: ReviewSummary['kernelArgs']): ReactNode {
  const { t } = useTranslation();
  if (added.length === 0 && removed.length === 0) {
    return (
      <div className="min-w-0">
        <p>{t('overview.kernelArgsSame')}</p>
        <p className="foreign-text font-mono text-sm text-muted">{next.join(' ')}</p>
      </div>
    );
  }
  const row = 'flex items-start gap-2 font-mono text-sm';
  return (
    <div className="min-w-0 space-y-2">
      <ul className="space-y-0.5">
        {removed.map((arg, index) => (
          <li key={`-${index}`} className={row}>
            <CircleMinus aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
            <span className="sr-only">{t('diff.removed')}</span>
            <span className="foreign-text">{arg}</span>
          </li>
        ))}
        {added.map((arg, index) => (
          <li key={`+${index}`} className={row}>
            <CirclePlus aria-hidden className="mt-0.5 size-4 shrink-0 text-accent" />
            <span className="sr-only">{t('diff.added')}</span>
            <span className="foreign-text">{arg}</span>
          </li>
        ))}
      </ul>
      <p className="text-sm text-muted">
        {t('overview.kernelArgsNow')} <span className="foreign-text font-mono">{current.join(' ')}</span>
      </p>
      <p className="text-sm text-muted">
        {t('overview.kernelArgsNext')} <span className="foreign-text font-mono">{next.join(' ')}</span>
      </p>
    </div>
  );
}
