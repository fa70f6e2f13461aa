// SPDX-License-Identifier: LGPL-2.1-or-later
import { KeyRound, ShieldX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RemoteKey } from '../../shared/domain/index.ts';
import { useFormat } from '../i18n/use-format.ts';

/** Four by four, so that two people can read it to each other; other kinds of keys as they are. */
export function groupedFingerprint(key: RemoteKey): string {
  return key.type === 'gpg' && /^[0-9A-Fa-f]+$/.test(key.fingerprint)
    ? (key.fingerprint.toUpperCase().match(/.{1,4}/g) ?? []).join(' ')
    : key.fingerprint;
}

interface KeyListProps {
  /** `from`: the file that holds it, where that is to be told. */
  readonly keys: readonly (RemoteKey & { readonly from?: string })[];
}

export function KeyList({ keys }: KeyListProps): ReactNode {
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
          <li key={`${key.fingerprint} ${key.from ?? ''}`} className="flex items-start gap-2">
            <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${bad ? 'text-danger' : 'text-accent'}`} />
            <div className="min-w-0">
              <p className="foreign-text font-medium">{key.userIds.join(', ') || t(`keys.${key.type}`)}</p>
              <p className="foreign-text font-mono text-sm">{groupedFingerprint(key)}</p>
              <p className={`text-sm ${bad ? 'text-danger' : 'text-muted'}`}>{facts.join(' · ')}</p>
              {key.from === undefined ? null : <p className="foreign-text font-mono text-sm text-muted">{key.from}</p>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
