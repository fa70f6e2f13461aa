// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';

interface PageProps {
  readonly title: string;
  readonly actions?: ReactNode;
  /** With panes that can use the room. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** A page of the window: the one h1 and its content, at a width that stays readable. */
export function Page({ title, actions, wide = false, children }: PageProps): ReactNode {
  return (
    <div className={`mx-auto flex min-h-full w-full flex-col gap-4 p-4 md:p-6 ${wide ? 'max-w-[100rem]' : 'max-w-5xl'}`}>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h1 className="text-xl font-semibold">{title}</h1>
        {actions}
      </div>
      {children}
    </div>
  );
}
