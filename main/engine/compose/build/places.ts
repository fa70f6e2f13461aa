// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../../base/ports/rpm.ts';
import type { Treefile } from '../treefile/treefile.ts';
import { isDeviceMode, isDirectoryMode, isLinkMode } from '../../base/tree/tree-path.ts';

/** Where packages may bring anything: part of the tree (usr, etc), or made at boot from it (var and what is a link into it). */
const anything: ReadonlySet<string> = new Set([
  ...['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'etc', 'boot', 'var', 'opt', 'home', 'root', 'srv', 'mnt'],
]);
/** Made by the system as it starts: only directories and links are kept, as tmpfiles.d lines or mount points. */
const made: ReadonlySet<string> = new Set(['run', 'media', 'tmp', 'dev', 'proc', 'sys', 'sysroot', 'ostree']);

/** True for a name in the root that packages and their scripts may use. */
export const isTreePlace = (name: string): boolean => anything.has(name) || made.has(name);

function fits(file: RpmFile): boolean {
  const [, top = '', ...below] = file.path.split('/');
  if (top === '' || anything.has(top)) return true;
  const empty = isDirectoryMode(file.mode) || isLinkMode(file.mode);
  // a mount point or link in the root itself harms nothing
  return empty && (made.has(top) || below.length === 0);
}

/** Throws package.outside-tree naming the first file that can’t be part of an OSTree system. */
export function checkPlaces(packages: readonly RpmPackage[]): void {
  for (const pkg of packages) {
    const strange = pkg.files.find((file) => !(file.flags & rpmFileFlag.ghost) && !fits(file));
    if (strange)
      throw new TreelineError('package.outside-tree', {
        subject: formatNevra(pkg),
        detail: strange.path,
        facts: { package: formatNevra(pkg), path: strange.path },
      });
  }
}

/** With `ignore-devices: false` a device node, which OSTree can’t hold, isn’t passed over in silence. */
export function checkDevices(packages: readonly RpmPackage[], treefile: Treefile): void {
  if (treefile.ignoreDevices) return;
  for (const pkg of packages) {
    const device = pkg.files.find((file) => isDeviceMode(file.mode) && !(file.flags & rpmFileFlag.ghost));
    if (device)
      throw new TreelineError('package.unsupported', {
        subject: formatNevra(pkg),
        detail: `${device.path} is a device (and ignore-devices is false)`,
      });
  }
}

/** `ima` asks for signatures: a tree in which nothing is signed isn’t what was meant. */
export function checkSignatures(packages: readonly RpmPackage[], treefile: Treefile): void {
  if (!treefile.ima || packages.some((pkg) => pkg.files.some((file) => file.signature !== ''))) return;
  throw new TreelineError('compose.no-file-signatures', {
    ...treefile.placeOf('ima'),
    subject: 'ima',
    detail: 'none of the packages holds signatures of its files',
  });
}
