import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { SystemPort } from '../ports/compose-store.ts';

const prefixes = ['trusted.overlay.', 'user.overlay.'] as const;

/**
 * Put an overlay's upper directory into its lower one, following the kernel's marks (filesystems/overlayfs.rst): a character device 0:0
 * deletes, `overlay.opaque` on a directory hides what was there. Files are moved, so a hard-linked old file is replaced, never written.
 */
export function mergeUpper(upper: string, lower: string, system: SystemPort): void {
  for (const name of readdirSync(upper).sort()) {
    const from = path.join(upper, name);
    const to = path.join(lower, name);
    const stats = lstatSync(from);
    const old = lstatSync(to, { throwIfNoEntry: false });
    if (stats.isCharacterDevice() && stats.rdev === 0) rmSync(to, { recursive: true, force: true });
    else if (stats.isDirectory()) mergeDirectory(from, to, stats, old, system);
    else if (stats.isFile() || stats.isSymbolicLink()) {
      system.removeAttributes(from, prefixes);
      if (old?.isDirectory()) rmSync(to, { recursive: true });
      renameSync(from, to);
    }
    // sockets, fifos and device nodes can't be in a tree
  }
}

function mergeDirectory(from: string, to: string, stats: Stats, old: Stats | undefined, system: SystemPort): void {
  const opaque = prefixes.some((prefix) => system.getAttribute(from, `${prefix}opaque`)?.toString() === 'y');
  if (old && (opaque || !old.isDirectory())) rmSync(to, { recursive: true });
  if (!old || opaque || !old.isDirectory()) mkdirSync(to);
  mergeUpper(from, to, system);
  chownSync(to, stats.uid, stats.gid);
  chmodSync(to, stats.mode & 0o7777);
}
