// SPDX-License-Identifier: LGPL-2.1-or-later
import { FlaskConical } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { followedBy, knownSignatures, type HostSnapshot } from '../../shared/domain/index.ts';
import { bootedOf } from '../model/update-state.ts';
import { SignatureLine } from '../ui/signature-line.tsx';
import { Badge } from '../ui/badge.tsx';

/** Which machine, which version, from where, signed by whom. */
export function Header({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const booted = bootedOf(snapshot);
  if (!snapshot.hostname && !booted) return null;
  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-0.5 border-b border-line px-4 py-2 text-sm md:flex-nowrap md:px-6">
      <span className="foreign-text font-medium min-w-0 md:truncate">{snapshot.hostname}</span>
      {booted ? (
        <>
          <span className="foreign-text min-w-0 md:truncate">{systemName(snapshot, booted.version)}</span>
          <span className="foreign-text min-w-0 truncate text-muted max-md:hidden md:flex-1" title={followedBy(booted.origin)}>
            {followedBy(booted.origin)}
          </span>
          {knownSignatures(booted) ? (
            <span className="min-w-0">
              <SignatureLine signatures={knownSignatures(booted)} />
            </span>
          ) : null}
        </>
      ) : (
        <span className="text-muted">{t('header.notBooted')}</span>
      )}
      {snapshot.simulated ? (
        <span className="md:ml-auto md:shrink-0">
          <Badge tone="info" icon={FlaskConical}>
            {t('header.simulated')}
          </Badge>
        </span>
      ) : null}
    </header>
  );
}

/** "Meadow OS 1.1": the version is added unless the name holds it as a word of its own. */
export function systemName(snapshot: HostSnapshot, version: string): string {
  const name = snapshot.prettyName || snapshot.osname;
  return name.split(/[\s()]+/).includes(version) ? name : `${name} ${version}`.trim();
}
