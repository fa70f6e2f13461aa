import { FlaskConical } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../shared/domain/index.ts';
import { bootedOf } from '../features/updates/update-state.ts';
import { SignatureLine } from '../features/updates/signature-line.tsx';
import { Badge } from '../ui/badge.tsx';

/** Which machine, which version, from where, signed by whom. */
export function Header({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const booted = bootedOf(snapshot);
  if (!snapshot.hostname && !booted) return null;
  const system = snapshot.prettyName || snapshot.osname;
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-0.5 border-b border-line px-4 py-2 text-sm md:px-6">
      <span className="foreign-text font-medium">{snapshot.hostname}</span>
      {booted ? (
        <>
          <span className="foreign-text">
            {system} {system.includes(booted.version) ? '' : booted.version}
          </span>
          <span className="foreign-text max-w-72 truncate text-muted max-md:hidden" title={booted.origin.refspec}>
            {booted.origin.refspec}
          </span>
          <SignatureLine signatures={booted.signatures} />
        </>
      ) : (
        <span className="text-muted">{t('header.notBooted')}</span>
      )}
      {snapshot.simulated ? (
        <Badge tone="info" icon={FlaskConical}>
          {t('header.simulated')}
        </Badge>
      ) : null}
    </header>
  );
}
