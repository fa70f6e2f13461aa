// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { KeyFile } from '../../../files/index.ts';
import type { RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { etcOverlay } from './etc-overlay.ts';

const group = 'rpmostree';
const key = 'initramfs-etc';

/** Files of /etc that an origin wants in the initramfs. */
export const trackedFiles = (origin: KeyFile): string[] => origin.list(group, key);

export const setTrackedFiles = (origin: KeyFile, files: readonly string[]): void => origin.setList(group, key, files);

/** An origin that wants none. */
export function withoutTrackedFiles(originText: string): string {
  const origin = new KeyFile(originText);
  if (trackedFiles(origin).length === 0) return originText;
  setTrackedFiles(origin, []);
  return origin.text;
}

/** Throws initramfs.both where the initramfs is made on this machine: dracut takes files in itself. */
export function requireOneWay(origin: KeyFile): void {
  const files = trackedFiles(origin);
  if (files.length > 0 && origin.get(group, 'regenerate-initramfs')?.trim() === 'true')
    throw new TreelineError('initramfs.both', { subject: files.join(', ') });
}

/**
 * The overlay initramfs of a deployment that is about to be made, of the files as they are in /etc now; undefined when its origin tracks none. Throws
 * initramfs.file, initramfs.both.
 */
export function overlayFor(sysroot: SysrootPort, origin: KeyFile, merge: RawDeployment | undefined): Buffer | undefined {
  const files = trackedFiles(origin);
  const [first] = files;
  if (first === undefined) return undefined;
  requireOneWay(origin);
  if (!merge) throw new TreelineError('initramfs.file', { subject: first, detail: 'there is no /etc of an earlier deployment' });
  // what is mounted there counts, where it runs
  const etc = merge.booted ? '/etc' : path.join(sysroot.path, merge.directory, 'etc');
  return etcOverlay(etc, files);
}
