// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/use-format.ts';
import { restartActions } from '../../model/restart-store.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { RadioList } from '../../ui/radio-list.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { fromLocalInput, nextHour, toLocalInput } from './schedule-times.ts';

type When = 'hour' | 'night' | 'time';

/** In an hour, tonight, or at a time of one's own. */
export function ScheduleDialog({ version, isOpen, onClose }: { version: string; isOpen: boolean; onClose: () => void }): ReactNode {
  return isOpen ? <OpenDialog version={version} onClose={onClose} /> : null;
}

function OpenDialog({ version, onClose }: { version: string; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [openedAt] = useState(() => Math.floor(Date.now() / 1000));
  const [when, setWhen] = useState<When>('night');
  const night = nextHour(2, new Date(openedAt * 1000));
  const [own, setOwn] = useState(() => toLocalInput(night));
  const times: Record<When, number | undefined> = { hour: openedAt + 3600, night, time: fromLocalInput(own) };
  const at = times[when];
  const past = at !== undefined && at <= openedAt;
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      title={t('schedule.title', { version })}
      cancelLabel={t('action.notNow')}
      confirmLabel={t('schedule.confirm')}
      confirmDisabled={at === undefined || past}
      onConfirm={() => at !== undefined && void restartActions.schedule(at)}
    >
      <RadioList
        label={t('schedule.when')}
        value={when}
        onChange={setWhen}
        options={[
          { value: 'hour', label: t('schedule.hour'), note: format.dateTime(openedAt + 3600) },
          { value: 'night', label: t('schedule.night'), note: format.dateTime(night) },
          { value: 'time', label: t('schedule.time') },
        ]}
      />
      {when === 'time' ? (
        <>
          <TextField label={t('schedule.timeLabel')} type="datetime-local" value={own} onChange={setOwn} />
          {past ? <p className="text-sm text-danger">{t('schedule.past')}</p> : null}
        </>
      ) : null}
      <p className="text-muted">{t('schedule.hint')}</p>
    </ConfirmDialog>
  );
}
