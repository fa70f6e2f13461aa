// SPDX-License-Identifier: LGPL-2.1-or-later
import { KeyRound, ShieldX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RemoteKey } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';

/** Four by four, so that two people can read it to each other; other kinds of keys as they are. */
export function groupedFingerprint(key: RemoteKey): string {
  return key.type === 'gpg' && /^[0-9A-Fa-f]+$/.test(key.fingerprint)
    ? (key.fingerprint.toUpperCase().match(/.{1,4}/g) ?? []).join(' ')
    : key.fingerprint;
}

export function KeyList({ keys }: { keys: readonly RemoteKey[] }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ul className="space-y-3">
      {keys.map((key) => {
        const bad = key.revoked || key.expired;
        const Icon = bad ? ShieldX : KeyRound;
        const facts = [
          key.createdAt === undefined ? '' : t('keys.created', { when: format.date(key.createdAt) }),
          key.revoked
            ? t('keys.revoked')
            : key.expiresAt === undefined
              ? t('keys.noExpiry')
              : t(key.expired ? 'keys.expired' : 'keys.expires', { when: format.date(key.expiresAt) }),
        ].filter(Boolean);
        return (
          <li key={key.fingerprint} className="flex items-start gap-2">
            <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${bad ? 'text-danger' : 'text-accent'}`} />
            <div className="min-w-0">
              <p className="foreign-text font-medium">{key.userIds.join(', ') || t(`keys.${key.type}`)}</p>
              <p className="foreign-text font-mono text-sm">{groupedFingerprint(key)}</p>
              <p className={`text-sm ${bad ? 'text-danger' : 'text-muted'}`}>{facts.join(' · ')}</p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
