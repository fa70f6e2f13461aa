// SPDX-License-Identifier: LGPL-2.1-or-later
import { GitCompareArrows, Pin, PinOff, Redo, RotateCcw, SquarePower, Trash2 } from 'lucide-react';
import type { TFunction } from 'i18next';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { followedBy, knownSignatures, requestsOf, lossText, type Deployment, type DiskUse } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { freedBytes } from '../../model/disk-use.ts';
import { hostActions } from '../../model/host-store.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Menu, type MenuEntry } from '../../ui/menu.tsx';
import { Notice } from '../../ui/notice.tsx';
import { SignatureLine } from '../../ui/signature-line.tsx';
import type { AskedAction } from './action-dialog.tsx';
import { DeploymentBadges } from '../../ui/deployment-badges.tsx';
import { DeploymentDetails } from './deployment-details.tsx';

interface DeploymentRowProps {
  readonly deployment: Deployment;
  /** Starts next, though it isn't running. */
  readonly next: boolean;
  readonly booted: Deployment | undefined;
  readonly disk: DiskUse['deployments'][number] | undefined;
  readonly busy: boolean;
  /** Pin and delete exist in Treeline's own service only. */
  readonly canTreeline: boolean;
  readonly onAsk: (action: AskedAction) => void;
  readonly onCompare: (other: Deployment) => void;
}

const icon = 'size-4 shrink-0';

export function DeploymentRow(props: DeploymentRowProps): ReactNode {
  const { deployment, next, booted, disk, busy, onAsk } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const name = deployment.version || deployment.checksum.slice(0, 12);
  const source = deployment.origin.customDescription ?? followedBy(deployment.origin);
  const added = requestsOf(deployment.origin);
  const size = freedBytes(disk);
  const facts = [
    deployment.deployedAt > 0
      ? t(deployment.staged ? 'history.stagedAt' : 'history.deployed', { when: format.dateTime(deployment.deployedAt) })
      : '',
    size === undefined ? '' : t('history.size', { size: format.bytes(size) }),
  ].filter(Boolean);
  return (
    <div className="flex flex-wrap items-start gap-x-4 gap-y-2 px-5 py-4">
      <div className="min-w-48 flex-1 space-y-1">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="foreign-text text-base font-semibold">{name}</h2>
          <DeploymentBadges deployment={deployment} next={next} />
        </div>
        <p className="foreign-text text-muted">{source}</p>
        {facts.length > 0 ? <p className="text-muted">{facts.join(' · ')}</p> : null}
        {added.length > 0 ? <p className="foreign-text">{t('history.added', { what: lossText(added) })}</p> : null}
        {knownSignatures(deployment) ? (
          <p className="text-sm">
            <SignatureLine signatures={knownSignatures(deployment)} />
          </p>
        ) : null}
        {deployment.origin.problem ? (
          <Notice tone="warn" title={t(`origin.${deployment.origin.problem}`, { remote: deployment.origin.remote })}>
            {deployment.origin.problemDetail ? <span className="foreign-text">{deployment.origin.problemDetail}</span> : null}
          </Notice>
        ) : null}
        {deployment.commitPresent ? null : <Notice tone="danger" title={t('history.commitMissing')} />}
        <Disclosure summary={<span className="text-sm text-muted">{t('history.details')}</span>}>
          {() => <DeploymentDetails deployment={deployment} />}
        </Disclosure>
      </div>
      <div className="flex flex-wrap items-center gap-1">
        {deployment.rollback ? (
          <Button isDisabled={busy} icon={<RotateCcw aria-hidden className={icon} />} onPress={() => onAsk('rollback')}>
            {t('action.rollBackTo', { version: name })}
          </Button>
        ) : null}
        {next ? (
          <Button look="primary" isDisabled={busy} icon={<RotateCcw aria-hidden className={icon} />} onPress={() => onAsk('restart')}>
            {t('action.restartNow')}
          </Button>
        ) : null}
        <Menu label={t('history.actionsFor', { version: name })} entries={menuEntries(props, t, booted)} />
      </div>
    </div>
  );
}

function menuEntries(props: DeploymentRowProps, t: TFunction, booted: Deployment | undefined): readonly MenuEntry[] {
  const { deployment, next, busy, canTreeline, onAsk, onCompare } = props;
  const entries: MenuEntry[] = [];
  if (!deployment.staged && !next && !(deployment.booted && deployment.index === 0)) {
    entries.push({
      id: 'set-default',
      label: t('action.bootInto'),
      icon: <SquarePower aria-hidden className={icon} />,
      disabled: busy,
      run: () => onAsk('setDefault'),
    });
  }
  // a staged deployment has no boot entry yet
  if (canTreeline && !deployment.staged && !deployment.booted) {
    entries.push({
      id: 'boot-once',
      label: t('action.bootOnce'),
      icon: <Redo aria-hidden className={icon} />,
      disabled: busy,
      run: () => onAsk('bootOnce'),
    });
  }
  if (booted && !deployment.booted) {
    entries.push({
      id: 'compare',
      label: t('action.compareWith', { version: booted.version }),
      icon: <GitCompareArrows aria-hidden className={icon} />,
      run: () => onCompare(booted),
    });
  }
  // a staged deployment is no boot entry yet: OSTree can't pin it
  if (canTreeline && !deployment.staged) {
    const PinIcon = deployment.pinned ? PinOff : Pin;
    entries.push({
      id: 'pin',
      label: t(deployment.pinned ? 'action.unpin' : 'action.pin'),
      icon: <PinIcon aria-hidden className={icon} />,
      disabled: busy,
      run: () => void hostActions.pin(deployment.id, !deployment.pinned),
    });
  }
  if (canTreeline && !deployment.booted) {
    entries.push({
      id: 'delete',
      label: t('action.delete'),
      icon: <Trash2 aria-hidden className={icon} />,
      danger: true,
      disabled: busy || deployment.pinned,
      run: () => onAsk('delete'),
    });
  }
  return entries;
}
