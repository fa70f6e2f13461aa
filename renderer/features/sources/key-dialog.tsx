// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileKey } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Remote } from '../../../shared/domain/index.ts';
import type { ChosenKey } from '../../../shared/ipc/index.ts';
import { call } from '../../model/bridge.ts';
import { Button } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { KeyList } from '../../ui/key-list.tsx';
import { useAsking } from '../../model/use-asking.ts';

/** First the file, then its fingerprints to compare with the publisher's, then trust. */
export function KeyDialog({ remote, onClose, onDone }: { remote: Remote; onClose: () => void; onDone: () => void }): ReactNode {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<ChosenKey>();
  const { busy, error, ask } = useAsking();
  const choose = (): void =>
    void ask(async () => {
      const file = await call('remotes.chooseKey');
      if (file) setChosen(file);
    });
  const trust = (): void =>
    void ask(async () => {
      if (!chosen) return;
      await call('remotes.importKey', remote.name, chosen.token);
      onDone();
    });
  const usable = chosen !== undefined && chosen.keys.length > 0;
  return (
    <FormDialog
      title={t('keys.title', { name: remote.name })}
      closeLabel={t('action.cancel')}
      onClose={onClose}
      actions={
        usable ? (
          <Button look="primary" isDisabled={busy} onPress={trust}>
            {t('keys.trust', { count: chosen.keys.length })}
          </Button>
        ) : null
      }
    >
      {error ? <ErrorNotice report={error} /> : null}
      <Button isDisabled={busy} icon={<FileKey aria-hidden className="size-4 shrink-0" />} onPress={choose}>
        {t(chosen ? 'keys.chooseOther' : 'keys.choose')}
      </Button>
      {chosen ? (
        <>
          <p className="foreign-text">{t('keys.found', { count: chosen.keys.length, file: chosen.fileName })}</p>
          {usable ? (
            <>
              <KeyList keys={chosen.keys} />
              <p className="font-medium">{t('keys.compare')}</p>
            </>
          ) : null}
        </>
      ) : (
        <p className="text-muted">{t('keys.hint')}</p>
      )}
    </FormDialog>
  );
}
