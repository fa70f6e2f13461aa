// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { composeActions, useCompose } from '../../model/compose-store.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';

type Asked = 'start' | 'open' | 'save' | 'resolve' | 'compose';

/** Why the last of these things didn't happen; with the way to the line, if it is one of the treefile's. */
export function FailureNotice({ of, showLine }: { of: readonly Asked[]; showLine?: (line: number, column: number) => void }): ReactNode {
  const { t } = useTranslation();
  const failure = useCompose((compose) => compose.failure);
  const job = useCompose((compose) => compose.job);
  const path = useCompose((compose) => compose.file?.path);
  if (!failure || !of.includes(failure.of)) return null;
  const { error } = failure;
  const { line, column } = error;
  const ran = failure.of === 'resolve' || failure.of === 'compose';
  return (
    <ErrorNotice report={error} job={ran && job?.error ? job : undefined} onClose={composeActions.dismiss}>
      {error.file === path && line !== undefined && showLine ? (
        <Button onPress={() => showLine(line, column ?? 1)}>{t('compose.showLine', { line })}</Button>
      ) : null}
      {error.code === 'file.changed' ? (
        <>
          <Button onPress={() => void composeActions.reload()}>{t('compose.reload')}</Button>
          <Button onPress={() => void composeActions.save(true)}>{t('compose.saveAnyway')}</Button>
        </>
      ) : null}
    </ErrorNotice>
  );
}
