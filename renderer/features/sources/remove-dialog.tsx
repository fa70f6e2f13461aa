// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Remote } from '../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { call } from '../../model/bridge.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';

interface RemoveDialogProps {
  readonly remote: Remote;
  readonly onClose: () => void;
  readonly onDone: () => void;
  readonly onError: (error: ErrorReport) => void;
}

/** One that versions here came from is removed only by a button that says what that means. */
export function RemoveDialog({ remote, onClose, onDone, onError }: RemoveDialogProps): ReactNode {
  const { t } = useTranslation();
  const used = remote.usedBy.length > 0;
  const remove = async (): Promise<void> => {
    try {
      await call('remotes.remove', remote.name, { force: used });
      onDone();
    } catch (error) {
      const report = TreelineError.report(error);
      if (report.code !== 'auth.dismissed') onError(report);
    }
  };
  return (
    <ConfirmDialog
      isOpen
      danger
      onClose={onClose}
      title={t('sources.removeTitle', { name: remote.name })}
      cancelLabel={t('action.keepAsIs')}
      confirmLabel={t(used ? 'sources.removeAnyway' : 'sources.removeShort')}
      onConfirm={() => void remove()}
    >
      <p>{t('sources.removeText')}</p>
      {used ? <p className="font-medium">{t('sources.removeUsed', { count: remote.usedBy.length })}</p> : null}
    </ConfirmDialog>
  );
}
