// SPDX-License-Identifier: LGPL-2.1-or-later
import { CirclePlay, Clock, Lock, Pin, RotateCcw, Undo2, Wrench, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment } from '../../shared/domain/index.ts';
import { Badge } from './badge.tsx';

export function DeploymentBadges({ deployment, next }: { deployment: Deployment; next: boolean }): ReactNode {
  const { t } = useTranslation();
  return (
    <>
      {deployment.booted ? (
        <Badge tone="good" icon={CirclePlay}>
          {t('badge.booted')}
        </Badge>
      ) : null}
      {deployment.staged ? (
        <Badge tone="info" icon={Clock}>
          {t('badge.staged')}
        </Badge>
      ) : next ? (
        <Badge tone="info" icon={RotateCcw}>
          {t('badge.next')}
        </Badge>
      ) : null}
      {deployment.rollback ? <Badge icon={Undo2}>{t('badge.rollback')}</Badge> : null}
      {deployment.pinned ? <Badge icon={Pin}>{t('badge.pinned')}</Badge> : null}
      {deployment.finalizationLocked ? (
        <Badge tone="warn" icon={Lock}>
          {t('badge.locked')}
        </Badge>
      ) : null}
      {deployment.live ? (
        <Badge tone="info" icon={Zap}>
          {t('badge.live')}
        </Badge>
      ) : null}
      {deployment.unlocked === 'none' || (deployment.live && deployment.unlocked === 'transient') ? null : (
        <Badge tone="warn" icon={Wrench}>
          {t('badge.unlocked')}
        </Badge>
      )}
    </>
  );
}
