// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'> {
  readonly look?: Look;
  readonly icon?: ReactNode;
  readonly children?: ReactNode;
}

const looks: Record<Look, string> = {
  primary: 'bg-accent text-on-accent font-medium hover:bg-accent-strong',
  plain: 'border border-control/60 bg-surface hover:bg-hover',
  quiet: 'hover:bg-hover',
  danger: 'bg-danger-fill text-on-accent font-medium hover:opacity-90',
};

/** A button with a verb on it; at most one primary per view. */
export function Button({ look = 'plain', icon, children, ...props }: ButtonProps): ReactNode {
  const square = children ? 'px-3.5' : 'px-2';
  return (
    <AriaButton
      {...props}
      className={`inline-flex min-h-9 items-center justify-center gap-2 rounded-lg ${square} py-1.5 text-center transition-colors disabled:opacity-55 data-pending:opacity-70 ${looks[look]}`}
    >
      {icon}
      {children}
    </AriaButton>
  );
}
