// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileKey, Pencil, ShieldCheck, ShieldOff, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, Remote } from '../../../shared/domain/index.ts';
import { Badge } from '../../ui/badge.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Menu } from '../../ui/menu.tsx';
import { KeyList } from '../../ui/key-list.tsx';

interface RemoteRowProps {
  readonly remote: Remote;
  /** Versions on this machine that came from it. */
  readonly users: readonly Deployment[];
  readonly onAsk: (kind: 'edit' | 'key' | 'remove') => void;
}

const icon = 'size-4 shrink-0';

export function RemoteRow({ remote, users, onAsk }: RemoteRowProps): ReactNode {
  const { t } = useTranslation();
  const verified = remote.gpgVerify || remote.signVerify;
  return (
    <div className="flex flex-wrap items-start gap-x-4 gap-y-2 px-5 py-4">
      <div className="min-w-48 flex-1 space-y-1">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="foreign-text text-base font-semibold">{remote.name}</h2>
          <Badge icon={verified ? ShieldCheck : ShieldOff} tone={verified ? 'good' : 'warn'}>
            {t(verified ? 'sources.verified' : 'sources.unverified')}
          </Badge>
        </div>
        <p className="foreign-text text-muted">{remote.url}</p>
        {users.length > 0 ? (
          <p className="text-sm text-muted">
            {t('sources.usedBy', { versions: users.map((deployment) => deployment.version).join(', ') })}
          </p>
        ) : null}
        <Disclosure summary={<span className="text-sm text-muted">{t('sources.keys', { count: remote.keys.length })}</span>}>
          {() => (
            <div className="space-y-2">
              {remote.keys.length > 0 ? <KeyList keys={remote.keys} /> : <p className="text-muted">{t('sources.noKeys')}</p>}
              <p className="text-sm text-muted">
                {t('sources.file')} <span className="foreign-text font-mono">{remote.file}</span>
              </p>
            </div>
          )}
        </Disclosure>
      </div>
      <Menu
        label={t('history.actionsFor', { version: remote.name })}
        entries={[
          { id: 'edit', label: t('sources.edit'), icon: <Pencil aria-hidden className={icon} />, run: () => onAsk('edit') },
          { id: 'key', label: t('sources.importKey'), icon: <FileKey aria-hidden className={icon} />, run: () => onAsk('key') },
          {
            id: 'remove',
            label: t('sources.remove'),
            icon: <Trash2 aria-hidden className={icon} />,
            danger: true,
            run: () => onAsk('remove'),
          },
        ]}
      />
    </div>
  );
}
