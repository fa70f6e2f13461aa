// SPDX-License-Identifier: LGPL-2.1-or-later
import { ArrowDownToLine, Equal, TriangleAlert, UserCheck, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcEntry, EtcProblem } from '../../../shared/domain/index.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const looks: Record<EtcEntry['kind'], { icon: LucideIcon; tone: Tone }> = {
  'vendor-applied': { icon: ArrowDownToLine, tone: 'good' },
  'yours-kept': { icon: UserCheck, tone: 'info' },
  'both-changed': { icon: TriangleAlert, tone: 'warn' },
  'both-same': { icon: Equal, tone: 'neutral' },
};

/** What happens to a file of /etc. */
export function EtcBadge({ kind, problem }: { kind: EtcEntry['kind']; problem?: EtcProblem }): ReactNode {
  const { t } = useTranslation();
  if (problem) {
    return (
      <Badge wraps icon={TriangleAlert} tone="danger">
        {t(`etc.problemShort.${problem}`)}
      </Badge>
    );
  }
  const { icon, tone } = looks[kind];
  return (
    <Badge wraps icon={icon} tone={tone}>
      {t(`etc.kind.${kind}`)}
    </Badge>
  );
}
