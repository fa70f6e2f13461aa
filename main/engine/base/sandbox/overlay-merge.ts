// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Stats, Tree } from '../tree/index.ts';

/** Of attributes that the overlay file system writes for itself. */
export const overlayPrefixes = ['trusted.overlay.', 'user.overlay.'] as const;

/**
 * Put an overlay's upper directory into its lower one, following the kernel's marks (filesystems/overlayfs.rst): a character device 0:0
 * deletes, `overlay.opaque` on a directory hides what was there. Files are moved, so a hard-linked old file is replaced, never written.
 */
export function mergeUpper(upper: Tree, lower: Tree, directory = ''): void {
  for (const name of upper.names('overlay', directory)) {
    const at = directory === '' ? name : `${directory}/${name}`;
    const stats = upper.look('overlay', at);
    if (!stats) continue;
    if (stats.isCharacterDevice() && stats.rdev === 0) lower.remove('overlay', at);
    else if (stats.isDirectory()) mergeDirectory(upper, lower, at, stats);
    else if (stats.isFile() || stats.isSymbolicLink()) {
      upper.removeAttributes('overlay', at, overlayPrefixes);
      upper.moveTo(lower, 'overlay', at, at);
    }
    // sockets, fifos and device nodes can't be in a tree
  }
}

function mergeDirectory(upper: Tree, lower: Tree, at: string, stats: Stats): void {
  const old = lower.look('overlay', at);
  const opaque = overlayPrefixes.some((prefix) => upper.getAttribute('overlay', at, `${prefix}opaque`)?.toString() === 'y');
  if (old && (opaque || !old.isDirectory())) lower.remove('overlay', at);
  lower.makeDirectory('overlay', at);
  mergeUpper(upper, lower, at);
  lower.setOwner('overlay', at, stats);
  lower.setMode('overlay', at, stats.mode & 0o7777);
}
