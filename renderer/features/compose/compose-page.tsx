// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileStack, FolderOpen, LogOut, RefreshCw } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { composeActions, loadStart, useCompose } from '../../model/compose-store.ts';
import { Button } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Page } from '../../ui/page.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { ComposeWork } from './compose-work.tsx';
import { StartPanel } from './start-panel.tsx';

const icon = 'size-4 shrink-0';

/** For people who build trees: a treefile, what it would make, and the making. Needs no update service. */
export default function ComposePage(): ReactNode {
  const { t } = useTranslation();
  const { start, startError, file, busy } = useCompose();
  useEffect(() => void loadStart(), []);
  const actions =
    start && file ? (
      <Menu
        label={t('compose.fileActions', { name: file.fileName })}
        entries={[
          { id: 'open', label: t('compose.openOther'), icon: <FolderOpen aria-hidden className={icon} />, run: composeActions.open },
          { id: 'reload', label: t('compose.reload'), icon: <RefreshCw aria-hidden className={icon} />, run: composeActions.reload },
          { id: 'close', label: t('compose.closeFile'), icon: <LogOut aria-hidden className={icon} />, run: composeActions.close },
        ].map((entry) => ({ ...entry, disabled: busy !== undefined }))}
      />
    ) : null;
  return (
    <Page title={t('section.compose')} actions={actions}>
      {startError ? (
        <ErrorNotice report={startError}>
          <Button onPress={() => void loadStart()}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : !start ? (
        <Spinner label={t('compose.starting')} />
      ) : file ? (
        <ComposeWork file={file} />
      ) : (
        <StartPanel recent={start.recent} icon={FileStack} />
      )}
    </Page>
  );
}
