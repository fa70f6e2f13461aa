// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Preferences } from '../../../shared/ipc/index.ts';
import { call } from '../../model/bridge.ts';
import { useLoad } from '../../model/use-load.ts';
import { CheckBox } from '../../ui/check-box.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';

/** What this app does beside its window, for this account only. */
export function PreferencesDialog({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const { value, error } = useLoad('preferences', () => call('app.preferences'));
  const [changed, setChanged] = useState<Preferences>();
  const now = changed ?? value;
  const set = (change: Partial<Pick<Preferences, 'notifications' | 'tray'>>): void => {
    call('app.setPreferences', change).then(setChanged, () => undefined);
  };
  return (
    <FormDialog title={t('preferences.title')} closeLabel={t('action.dismiss')} onClose={onClose}>
      {error ? <ErrorNotice report={error} /> : null}
      {now ? (
        <>
          <CheckBox isSelected={now.notifications} onChange={(notifications) => set({ notifications })}>
            {t('preferences.notifications')}
          </CheckBox>
          <p className="pl-7 text-sm text-muted">{t('preferences.notificationsHint')}</p>
          <CheckBox isSelected={now.tray && now.trayPossible} isDisabled={!now.trayPossible} onChange={(tray) => set({ tray })}>
            {t('preferences.tray')}
          </CheckBox>
          <p className="pl-7 text-sm text-muted">{t(now.trayPossible ? 'preferences.trayHint' : 'preferences.trayImpossible')}</p>
        </>
      ) : error ? null : (
        <Spinner label={t('preferences.title')} />
      )}
    </FormDialog>
  );
}
