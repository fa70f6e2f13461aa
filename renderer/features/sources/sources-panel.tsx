// SPDX-License-Identifier: LGPL-2.1-or-later
import { Globe, Plus, RefreshCcwDot } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot, Remote } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { call } from '../../model/bridge.ts';
import { openView } from '../../model/route-store.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { RemoteDialog } from './remote-dialog.tsx';
import { RemoteRow } from './remote-row.tsx';
import { RemoveDialog } from './remove-dialog.tsx';

type Open = { readonly kind: 'add' } | { readonly kind: 'edit' | 'remove' | 'key'; readonly remote: Remote };

/** Where versions come from: the configured remotes, their keys, and the way to another branch. */
export function SourcesPanel({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad('remotes', () => call('remotes.list'));
  const [open, setOpen] = useState<Open>();
  const [failed, setFailed] = useState<ErrorReport>();
  if (error) {
    return (
      <ErrorNotice report={error}>
        <Button onPress={reload}>{t('action.tryAgain')}</Button>
      </ErrorNotice>
    );
  }
  if (!value) return <Spinner label={t('sources.loading')} />;
  const close = (): void => setOpen(undefined);
  const done = (): void => {
    close();
    setFailed(undefined);
    reload();
  };
  return (
    <div className="space-y-4">
      {failed ? <ErrorNotice report={failed} onClose={() => setFailed(undefined)} /> : null}
      <div className="flex flex-wrap gap-2">
        {value.length > 0 ? (
          <Button icon={<RefreshCcwDot aria-hidden className="size-4 shrink-0" />} onPress={() => openView({ kind: 'change-source' })}>
            {t('sources.change')}
          </Button>
        ) : null}
        <Button icon={<Plus aria-hidden className="size-4 shrink-0" />} onPress={() => setOpen({ kind: 'add' })}>
          {t('sources.add')}
        </Button>
      </div>
      {value.length === 0 ? (
        <Empty icon={Globe} title={t('sources.empty')}>
          <p>{t('sources.emptyHint')}</p>
        </Empty>
      ) : (
        <ul aria-label={t('sources.title')} className="divide-y divide-line rounded-xl border border-line bg-surface">
          {value.map((remote) => (
            <li key={remote.name}>
              <RemoteRow
                remote={remote}
                users={snapshot.deployments.filter((deployment) => remote.usedBy.includes(deployment.id))}
                onAsk={(kind) => setOpen({ kind, remote })}
              />
            </li>
          ))}
        </ul>
      )}
      {open?.kind === 'add' ? <RemoteDialog onClose={close} onDone={done} /> : null}
      {open?.kind === 'edit' ? <RemoteDialog remote={open.remote} onClose={close} onDone={done} /> : null}
      {open?.kind === 'key' ? <KeyDialog remote={open.remote} onClose={close} onDone={done} /> : null}
      {open?.kind === 'remove' ? <RemoveDialog remote={open.remote} onClose={close} onDone={done} onError={setFailed} /> : null}
    </div>
  );
}
