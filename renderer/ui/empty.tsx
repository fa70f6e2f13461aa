// SPDX-License-Identifier: LGPL-2.1-or-later
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

/** What stands where a list has nothing: why, and how it gets something. */
export function Empty({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }): ReactNode {
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-1 px-6 py-10 text-center text-muted">
      <Icon aria-hidden className="mb-1 size-8" strokeWidth={1.5} />
      <p className="font-medium text-text">{title}</p>
      {children}
    </div>
  );
}
