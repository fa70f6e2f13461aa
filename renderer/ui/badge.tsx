// SPDX-License-Identifier: LGPL-2.1-or-later
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export type Tone = 'neutral' | 'good' | 'warn' | 'danger' | 'info';

const tones: Record<Tone, string> = {
  neutral: 'bg-hover text-text',
  good: 'bg-accent-soft text-accent',
  warn: 'bg-warn-soft text-warn',
  danger: 'bg-danger-soft text-danger',
  info: 'bg-info-soft text-info',
};

interface BadgeProps {
  readonly tone?: Tone;
  readonly icon: LucideIcon;
  /** More than a few words: they may take two lines. */
  readonly wraps?: boolean;
  readonly children: ReactNode;
}

/** A word with its icon: never colour alone. */
export function Badge({ tone = 'neutral', icon: Icon, wraps = false, children }: BadgeProps): ReactNode {
  return (
    <span
      className={`inline-flex gap-1 px-2 py-0.5 text-xs font-medium ring-1 ring-current/20 ring-inset ${wraps ? 'items-start rounded-xl' : 'items-center rounded-full whitespace-nowrap'} ${tones[tone]}`}
    >
      <Icon aria-hidden className={`size-3.5 shrink-0 ${wraps ? 'mt-px' : ''}`} />
      {children}
    </span>
  );
}
