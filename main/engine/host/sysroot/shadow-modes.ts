// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, existsSync, fchmodSync, fstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemCodeOf } from '../../../../shared/errors/index.ts';
import type { SysrootJob } from './actions.ts';

const files = ['shadow', 'shadow-', 'gshadow', 'gshadow-'];
/** By these rpm-ostree's unit knows that it is done; the first only told of one deployment. */
const [oldStamp, stamp] = ['.rpm-ostree-shadow-mode-fixed.stamp', '.rpm-ostree-shadow-mode-fixed2.stamp'];

/**
 * Take the passwords' files of all deployments away from other users: some versions of rpm-ostree 2023 and 2024 deployed them readable (CVE-2024-2905). Nobody but root
 * needs them, and where the distribution has a group for them, that one.
 */
export function fixShadowModes({ sysroot, context }: Pick<SysrootJob, 'sysroot' | 'context'>): { changed: boolean } {
  let changed = false;
  for (const { id, directory } of sysroot.deployments()) {
    const etc = path.join(sysroot.path, directory, 'etc');
    // a staged one gets its /etc at shutdown, of the one that runs
    if (!existsSync(etc)) continue;
    for (const name of files) {
      if (!fixMode(path.join(etc, name))) continue;
      changed = true;
      context.message(`/etc/${name} of ${id} was readable for others`);
    }
    rmSync(path.join(etc, oldStamp), { force: true });
    if (!existsSync(path.join(etc, stamp))) writeFileSync(path.join(etc, stamp), '', { flag: 'wx', mode: 0o644 });
  }
  return { changed };
}

function fixMode(file: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // not there, or a link, whose mode says nothing
    if (['ENOENT', 'ELOOP'].includes(systemCodeOf(error) ?? '')) return false;
    throw error;
  }
  try {
    const { mode, gid } = fstatSync(fd);
    if ((mode & 0o007) === 0) return false;
    fchmodSync(fd, gid === 0 ? 0 : 0o640);
    return true;
  } finally {
    closeSync(fd);
  }
}
