import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { hostActions } from '../../stores/host-store.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { BlockerList } from './blocker-list.tsx';

/** A restart ends everybody's session: the one thing to be sure of is that work is saved. */
export function RestartDialog({ version, isOpen, onClose }: { version: string; isOpen: boolean; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title={t('dialog.restartTitle', { version })}
      cancelLabel={t('action.notNow')}
      confirmLabel={t('action.restart')}
      onConfirm={() => void hostActions.restart()}
    >
      <p>{t('dialog.restartText')}</p>
      {isOpen ? <BlockerList /> : null}
    </ConfirmDialog>
  );
}
