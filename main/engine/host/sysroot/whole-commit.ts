// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { DamagedObject, SysrootPort } from '../../base/ports/sysroot.ts';

/** Throws `repo.objects-damaged` when the sysroot's repository doesn't hold a commit whole. */
export function requireWhole(sysroot: SysrootPort, checksum: string): void {
  const damaged = sysroot.damagedObjects([checksum]);
  if (damaged.length > 0) throw damagedError(sysroot, checksum, damaged);
}

export function damagedError(sysroot: SysrootPort, checksum: string, damaged: readonly DamagedObject[]): TreelineError {
  const [first] = damaged;
  const place = first?.path ? ` (${first.path})` : '';
  return new TreelineError('repo.objects-damaged', {
    subject: checksum.slice(0, 12),
    detail: `${first?.checksum}.${first?.type}${place}: ${first?.detail}`,
    facts: { repo: sysroot.repo.path, count: damaged.length },
  });
}
