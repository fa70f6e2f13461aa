import { Hand, Hourglass, User } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../stores/bridge.ts';
import { useLoad } from '../../stores/use-load.ts';

/** Who else would be affected by a restart now. A service that can't say leaves it out. */
export function BlockerList(): ReactNode {
  const { t } = useTranslation();
  const { value } = useLoad('blockers', () => call('restart.blockers'));
  if (!value?.length) return null;
  return (
    <div className="rounded-lg bg-warn-soft px-3 py-2">
      <p className="font-medium">{t('blockers.title')}</p>
      <ul className="mt-1 space-y-1">
        {value.map((blocker, index) => {
          const Icon = blocker.kind === 'session' ? User : blocker.blocks ? Hand : Hourglass;
          return (
            <li key={index} className="flex items-start gap-2">
              <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
              <span className="foreign-text">
                {blocker.kind === 'session'
                  ? t('blockers.session', { who: blocker.who, why: blocker.why })
                  : t(blocker.blocks ? 'blockers.blocks' : 'blockers.delays', { who: blocker.who, why: blocker.why })}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
