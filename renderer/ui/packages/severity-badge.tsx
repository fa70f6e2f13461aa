// SPDX-License-Identifier: LGPL-2.1-or-later
import { ShieldAlert, ShieldQuestion } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Severity } from '../../../shared/domain/index.ts';
import { Badge, type Tone } from '../badge.tsx';

const tones: Record<Severity, Tone> = { critical: 'danger', important: 'danger', moderate: 'warn', low: 'info', none: 'neutral' };

/** How bad a security advisory is, in a word. */
export function SeverityBadge({ severity }: { severity: Severity }): ReactNode {
  const { t } = useTranslation();
  return (
    <Badge tone={tones[severity]} icon={severity === 'none' ? ShieldQuestion : ShieldAlert}>
      {t(`severity.${severity}`)}
    </Badge>
  );
}
