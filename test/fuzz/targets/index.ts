// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TargetModule } from '../loop.ts';

/** Everything that reads what strangers wrote. A decoder that is new gets a line here. */
export const targets: Readonly<Record<string, () => Promise<TargetModule>>> = {
  dbus: () => import('./dbus.ts'),
  'delta-header': () => import('./delta-header.ts'),
  'file-layer': () => import('./file-layer.ts'),
  gvariant: () => import('./gvariant.ts'),
  'image-layer': () => import('./image-layer.ts'),
  'kargs-drop-in': () => import('./kargs-drop-in.ts'),
  'kernel-arguments': () => import('./kernel-arguments.ts'),
  origin: () => import('./origin.ts'),
  'repo-file': () => import('./repo-file.ts'),
  summary: () => import('./summary.ts'),
  treefile: () => import('./treefile.ts'),
};
