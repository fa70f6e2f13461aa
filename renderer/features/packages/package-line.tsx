// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleSlash, FileBox, Layers2, Link2, Minus, PackageMinus, Plus, Replace, Undo2, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatEvr } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import type { Wish } from '../../model/package-plan.ts';
import type { PackageRow } from '../../model/package-rows.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const wishLooks: Record<Wish['kind'], { icon: LucideIcon; tone: Tone }> = {
  add: { icon: Plus, tone: 'good' },
  remove: { icon: Minus, tone: 'danger' },
  leaveOut: { icon: PackageMinus, tone: 'danger' },
  replace: { icon: Replace, tone: 'info' },
  restore: { icon: Undo2, tone: 'info' },
};

/** What is to become of it. */
export function WishBadge({ kind }: { kind: Wish['kind'] }): ReactNode {
  const { t } = useTranslation();
  const { icon, tone } = wishLooks[kind];
  return (
    <Badge icon={icon} tone={tone}>
      {t(`pkg.wish.${kind}`)}
    </Badge>
  );
}

type Special = 'layered' | 'local' | 'replaced' | 'removed' | 'inactive';
const partIcons: Record<Special, LucideIcon> = {
  layered: Layers2,
  local: FileBox,
  replaced: Replace,
  removed: PackageMinus,
  inactive: CircleSlash,
};

/** What it is there for, unless it is a plain part of the base. */
export function PartBadge({ row }: { row: PackageRow }): ReactNode {
  const { t } = useTranslation();
  const part = row.kind === 'here' ? row.pkg.part : row.kind;
  if (part === 'base' || part === 'heading' || part === 'found') return null;
  if (row.kind === 'here' && part === 'layered' && row.pkg.request === undefined) return <Badge icon={Link2}>{t('pkg.cameAlong')}</Badge>;
  return <Badge icon={partIcons[part]}>{t(`pkg.segment.${part}`)}</Badge>;
}

/** A row of the list. */
export function PackageLine({ row, wish }: { row: PackageRow; wish: Wish | undefined }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (row.kind === 'heading') return t(`pkg.heading.${row.of}`, { formatted: format.count(row.count) });
  return (
    <div className="flex items-center justify-between gap-3">
      <div className="min-w-0">
        <p className="foreign-text truncate font-medium">{row.kind === 'inactive' ? row.request : row.pkg.name}</p>
        <p className="foreign-text truncate text-sm text-muted">
          {row.kind === 'inactive' ? t('pkg.inactiveLine') : [formatEvr(row.pkg), row.pkg.summary].filter(Boolean).join(' · ')}
        </p>
      </div>
      <span className="shrink-0">{wish ? <WishBadge kind={wish.kind} /> : <PartBadge row={row} />}</span>
    </div>
  );
}
