// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Remote } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { Button } from '../../ui/button.tsx';
import { CheckBox } from '../../ui/check-box.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { useAsking } from '../../model/use-asking.ts';

interface RemoteDialogProps {
  /** Missing: a new one. */
  readonly remote?: Remote;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Name, address and whether signatures are demanded. What can't be is said here, by the service. */
export function RemoteDialog({ remote, onClose, onDone }: RemoteDialogProps): ReactNode {
  const { t } = useTranslation();
  const [name, setName] = useState(remote?.name ?? '');
  const [url, setUrl] = useState(remote?.url ?? 'https://');
  const [verify, setVerify] = useState(remote?.gpgVerify ?? true);
  const { busy, error, ask } = useAsking();
  const complete = name.trim() !== '' && /^[a-z+]+:\/\/./i.test(url.trim());
  const save = (): void =>
    void ask(async () => {
      if (remote) await call('remotes.edit', remote.name, { url: url.trim(), gpgVerify: verify });
      else await call('remotes.add', name.trim(), url.trim(), { gpgVerify: verify });
      onDone();
    });
  return (
    <FormDialog
      title={remote ? t('sources.editTitle', { name: remote.name }) : t('sources.addTitle')}
      closeLabel={t('action.cancel')}
      onClose={onClose}
      actions={
        <Button look="primary" isDisabled={busy || !complete} onPress={save}>
          {t(remote ? 'sources.save' : 'sources.addShort')}
        </Button>
      }
    >
      {error ? <ErrorNotice report={error} /> : null}
      {remote ? null : <TextField label={t('sources.name')} value={name} onChange={setName} />}
      <TextField label={t('sources.url')} type="url" value={url} onChange={setUrl} />
      <CheckBox isSelected={verify} onChange={setVerify}>
        {t('sources.verify')}
      </CheckBox>
      {verify ? null : <Notice tone="warn" title={t('sources.verifyOff')} />}
    </FormDialog>
  );
}
