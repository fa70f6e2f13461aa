// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { followedBy, type Deployment } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';

/** OSTree's own names for things, for those who look for them. */
export function DeploymentDetails({ deployment }: { deployment: Deployment }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const rows: readonly (readonly [string, string])[] = [
    [t('details.ref'), followedBy(deployment.origin)],
    [t('details.commit'), deployment.checksum],
    [t('details.baseCommit'), deployment.layer?.base.checksum ?? ''],
    [t('details.committed'), deployment.timestamp > 0 ? format.dateTime(deployment.timestamp) : ''],
    [t('details.bootChecksum'), deployment.bootChecksum],
    [t('details.stateroot'), deployment.osname],
    [t('details.kernelArgs'), deployment.kernelArgs?.join(' ') ?? t('details.notTold')],
  ];
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-sm max-[40rem]:grid-cols-1">
      {rows
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="foreign-text font-mono">{value}</dd>
          </div>
        ))}
    </dl>
  );
}
