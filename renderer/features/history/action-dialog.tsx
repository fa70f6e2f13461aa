// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, DiskUse } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { hostActions } from '../../model/host-store.ts';
import { freedBytes } from '../../model/disk-use.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { DroppedSettings } from '../../ui/dropped-settings.tsx';
import { RestartDialog } from '../../ui/restart-dialog.tsx';

export type AskedAction = 'rollback' | 'setDefault' | 'delete' | 'restart' | 'bootOnce';

export interface Asked {
  readonly action: AskedAction;
  readonly deployment: Deployment;
}

interface ActionDialogProps {
  readonly asked: Asked | undefined;
  readonly booted: Deployment | undefined;
  /** What is staged: choosing what starts next drops it. */
  readonly staged: Deployment | undefined;
  /** The service is ours, which can make any version the next one. */
  readonly canTreeline: boolean;
  readonly freed: DiskUse['deployments'][number] | undefined;
  readonly onClose: () => void;
}

/** The one dialog of the page: names the version, says what happens and what it frees. */
export function ActionDialog({ asked, booted, staged, canTreeline, freed, onClose }: ActionDialogProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (!asked) return null;
  const { action, deployment } = asked;
  const version = deployment.version || deployment.checksum.slice(0, 12);
  const current = booted?.version ?? '';
  const size = freedBytes(freed);
  const common = { isOpen: true, onClose, cancelLabel: t('action.keepAsIs') };
  switch (action) {
    case 'restart':
      return <RestartDialog version={version} isOpen onClose={onClose} />;
    case 'rollback':
      return (
        <ConfirmDialog
          {...common}
          title={t('dialog.rollbackTitle', { version })}
          confirmLabel={t('action.rollBack')}
          // with something staged a plain rollback takes that back, and no more
          onConfirm={() => void (staged && canTreeline ? hostActions.setDefault(deployment.id) : hostActions.rollback())}
        >
          <p>{t('dialog.rollbackText', { version, current })}</p>
          <DroppedStaged staged={staged} booted={booted} />
        </ConfirmDialog>
      );
    case 'setDefault':
      return (
        <ConfirmDialog
          {...common}
          title={t('dialog.defaultTitle', { version })}
          confirmLabel={t('action.bootIntoShort')}
          onConfirm={() => void hostActions.setDefault(deployment.id)}
        >
          <p>{t('dialog.defaultText', { version })}</p>
          <DroppedStaged staged={staged} booted={booted} />
        </ConfirmDialog>
      );
    case 'bootOnce':
      return (
        <ConfirmDialog
          {...common}
          title={t('dialog.bootOnceTitle', { version })}
          confirmLabel={t('action.bootOnceShort')}
          onConfirm={() => void hostActions.bootOnce(deployment.id)}
        >
          <p>{t('dialog.bootOnceText', { version, current })}</p>
        </ConfirmDialog>
      );
    case 'delete':
      return (
        <ConfirmDialog
          {...common}
          danger
          title={t('dialog.deleteTitle', { version })}
          confirmLabel={t('action.deleteShort')}
          onConfirm={() => void hostActions.undeploy(deployment.id)}
        >
          <p>{t(deployment.staged ? 'dialog.deleteStagedText' : 'dialog.deleteText', { version })}</p>
          {deployment.staged ? <DroppedSettings gone={deployment} booted={booted} /> : null}
          <p>{size === undefined ? t('dialog.freesUnknown') : t('dialog.frees', { size: format.bytes(size) })}</p>
        </ConfirmDialog>
      );
  }
}

function DroppedStaged({ staged, booted }: Pick<ActionDialogProps, 'staged' | 'booted'>): ReactNode {
  const { t } = useTranslation();
  if (!staged) return null;
  return (
    <>
      <p>{t('dialog.drops', { version: staged.version || staged.checksum.slice(0, 12) })}</p>
      <DroppedSettings gone={staged} booted={booted} />
    </>
  );
}
