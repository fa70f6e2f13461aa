// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../model/bridge.ts';
import { hostActions } from '../model/host-store.ts';
import { useLoad } from '../model/use-load.ts';
import { ConfirmDialog } from './dialog.tsx';
import { BlockerList } from './blocker-list.tsx';

/** A restart ends everybody's session: the one thing to be sure of is that work is saved, one's own and that of others. */
export function RestartDialog({ version, isOpen, onClose }: { version: string; isOpen: boolean; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  // a service that can't say who would be disturbed leaves it out
  const { value: blockers = [] } = useLoad(isOpen ? 'blockers' : '', () => call('restart.blockers'));
  const blocked = blockers.some((blocker) => blocker.blocks);
  return (
    <ConfirmDialog
      isOpen={isOpen}
      onClose={onClose}
      title={t('dialog.restartTitle', { version })}
      cancelLabel={t('action.notNow')}
      confirmLabel={t(blocked ? 'action.restartAnyway' : 'action.restart')}
      danger={blocked}
      onConfirm={() => void hostActions.restart(blocked)}
    >
      <p>{t('dialog.restartText')}</p>
      <BlockerList blockers={blockers} />
    </ConfirmDialog>
  );
}
