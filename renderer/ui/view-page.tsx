// SPDX-License-Identifier: LGPL-2.1-or-later
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';

interface ViewPageProps {
  readonly title: string;
  readonly backLabel: string;
  readonly onBack: () => void;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page that was opened from a section: a way back, its one h1, its buttons. Esc leads back too. */
export function ViewPage({ title, backLabel, onBack, actions, children }: ViewPageProps): ReactNode {
  return (
    <div
      className="mx-auto flex min-h-full w-full max-w-6xl flex-col gap-4 p-4 md:p-6"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onBack();
      }}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Button autoFocus look="quiet" icon={<ArrowLeft aria-hidden className="size-4 shrink-0" />} onPress={onBack}>
          {backLabel}
        </Button>
        <h1 className="min-w-40 flex-1 text-xl font-semibold wrap-anywhere">{title}</h1>
        {actions ? <div className="flex flex-wrap gap-2">{actions}</div> : null}
      </div>
      {children}
    </div>
  );
}
