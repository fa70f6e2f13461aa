// SPDX-License-Identifier: LGPL-2.1-or-later
import { FileDown, FolderOpen, Settings2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { openView } from '../../model/route-store.ts';
import { Menu, type MenuEntry } from '../../ui/menu.tsx';

const icon = 'size-4 shrink-0';

/** Draws the preferences while they are open. */
export type Preferences = (onClose: () => void) => ReactNode;

/** What is needed once in a while. */
export function UpdatesMenu({ snapshot, preferences }: { snapshot: HostSnapshot; preferences: Preferences }): ReactNode {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const from = async (kind: 'folder' | 'file'): Promise<void> => {
    const chosen = await call('media.choose', kind).catch(() => undefined);
    if (chosen) openView({ kind: 'preview', target: { medium: chosen.path }, name: chosen.path.split('/').pop() || chosen.path });
  };
  const entries: MenuEntry[] = [
    { id: 'preferences', label: t('preferences.open'), icon: <Settings2 aria-hidden className={icon} />, run: () => setOpen(true) },
  ];
  if (snapshot.service.kind === 'treeline') {
    entries.unshift(
      { id: 'folder', label: t('media.fromFolder'), icon: <FolderOpen aria-hidden className={icon} />, run: () => void from('folder') },
      { id: 'file', label: t('media.fromFile'), icon: <FileDown aria-hidden className={icon} />, run: () => void from('file') },
    );
  }
  return (
    <>
      <Menu label={t('action.more')} entries={entries} />
      {open ? preferences(() => setOpen(false)) : null}
    </>
  );
}
