// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleAlert, Info, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

type NoticeTone = 'info' | 'warn' | 'danger';

const looks: Record<NoticeTone, { icon: LucideIcon; box: string; mark: string }> = {
  info: { icon: Info, box: 'bg-info-soft', mark: 'text-info' },
  warn: { icon: TriangleAlert, box: 'bg-warn-soft', mark: 'text-warn' },
  danger: { icon: CircleAlert, box: 'bg-danger-soft', mark: 'text-danger' },
};

interface NoticeProps {
  readonly tone: NoticeTone;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

/** Something to know at this place: a sentence, what it means, what can be done. */
export function Notice({ tone, title, children, actions }: NoticeProps): ReactNode {
  const { icon: Icon, box, mark } = looks[tone];
  return (
    <div className={`flex gap-3 rounded-lg px-4 py-3 ${box}`}>
      <Icon aria-hidden className={`mt-0.5 size-5 shrink-0 ${mark}`} />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{title}</p>
        {children}
        {actions ? <div className="mt-2 flex flex-wrap gap-2">{actions}</div> : null}
      </div>
    </div>
  );
}
