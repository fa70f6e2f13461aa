// SPDX-License-Identifier: LGPL-2.1-or-later
import { Hand, Hourglass, User } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RestartBlocker } from '../../shared/domain/index.ts';

/** Who else would be affected by a restart now. */
export function BlockerList({ blockers }: { blockers: readonly RestartBlocker[] }): ReactNode {
  const { t } = useTranslation();
  if (blockers.length === 0) return null;
  return (
    <div className="rounded-lg bg-warn-soft px-3 py-2">
      <p className="font-medium">{t('blockers.title')}</p>
      <ul className="mt-1 space-y-1">
        {blockers.map(({ kind, who, why, blocks }, index) => {
          const Icon = kind === 'session' ? User : blocks ? Hand : Hourglass;
          const sentence = t(kind === 'session' ? 'blockers.session' : blocks ? 'blockers.blocks' : 'blockers.delays', { who });
          return (
            <li key={index} className="flex items-start gap-2">
              <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
              <span className="foreign-text">{why ? `${sentence}: ${why}` : sentence}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
