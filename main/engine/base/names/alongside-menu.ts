// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import { readRegularFile } from '../../../files/index.ts';

/** The line in GRUB's custom.cfg by which our lines are known, and the id of the submenu that they make (`compose install-alongside`). */
export const alongsideMark = '# --- Treeline: systems installed beside this one';
export const alongsideMenu = 'treeline';

/** How GRUB finds an entry of libostree's by its title: `submenu>title` where another system's GRUB shows them. */
export function pathInMenu(grubDirectory: string, title: string): string {
  const custom = path.join(grubDirectory, 'custom.cfg');
  return existsSync(custom) && readRegularFile(custom).toString().includes(alongsideMark) ? `${alongsideMenu}>${title}` : title;
}
