// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileCode, FolderOpen, X, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button as AriaButton } from 'react-aria-components';
import type { RecentTreefile } from '../../../shared/ipc/index.ts';
import { composeActions, useCompose } from '../../model/compose-store.ts';
import { Button } from '../../ui/button.tsx';
import { FailureNotice } from './failure-notice.tsx';

/** Nothing is open: what this page is for, and the way to a treefile. */
export function StartPanel({ recent, icon: Icon }: { recent: readonly RecentTreefile[]; icon: LucideIcon }): ReactNode {
  const { t } = useTranslation();
  const busy = useCompose((compose) => compose.busy !== undefined);
  return (
    <>
      <FailureNotice of={['open']} />
      <section aria-labelledby="compose-start" className="flex flex-col items-center gap-2 px-4 py-8 text-center">
        <Icon aria-hidden className="size-9 text-muted" strokeWidth={1.5} />
        <h2 id="compose-start" className="text-lg font-semibold">
          {t('compose.emptyTitle')}
        </h2>
        <p className="max-w-xl text-muted">{t('compose.emptyText')}</p>
        <div className="mt-3">
          <Button
            look="primary"
            isDisabled={busy}
            icon={<FolderOpen aria-hidden className="size-4 shrink-0" />}
            onPress={() => void composeActions.open()}
          >
            {t('compose.open')}
          </Button>
        </div>
      </section>
      {recent.length > 0 ? (
        <section aria-labelledby="compose-recent" className="mx-auto w-full max-w-2xl space-y-2">
          <h2 id="compose-recent" className="font-semibold">
            {t('compose.recent')}
          </h2>
          <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
            {recent.map((file) => (
              <li key={file.token} className="flex items-center gap-1 pr-1">
                <AriaButton
                  isDisabled={busy}
                  onPress={() => void composeActions.openRecent(file.token)}
                  className="flex min-w-0 flex-1 items-center gap-3 px-4 py-2 text-left -outline-offset-2 hover:bg-hover"
                >
                  <FileCode aria-hidden className="size-5 shrink-0 text-muted" strokeWidth={1.75} />
                  <span className="min-w-0">
                    <span className="foreign-text block font-medium">{file.fileName}</span>
                    <span className="foreign-text block text-sm text-muted">{file.folder}</span>
                  </span>
                </AriaButton>
                <Button
                  look="quiet"
                  aria-label={t('compose.forget', { name: file.fileName })}
                  icon={<X aria-hidden className="size-4" />}
                  onPress={() => void composeActions.forget(file.token)}
                />
              </li>
            ))}
          </ul>
        </section>
      ) : null}
    </>
  );
}
