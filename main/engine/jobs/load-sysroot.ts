// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import type { SysrootState } from '../host/sysroot/params.ts';
import { runJob, type RunOptions } from './run-worker.ts';

/** What a worker says that the library has ended. */
const crashes: readonly string[] = ['internal.worker-crashed', 'library.critical'];

/** `sysroot.load`; when the library ends the process, what the files tell, with the library's last words as the problem. */
export async function loadSysroot(sysroot: string, options: RunOptions): Promise<SysrootState> {
  try {
    return await runJob('sysroot.load', { sysroot }, options).done;
  } catch (error) {
    const crashed = TreelineError.report(error);
    if (!crashes.includes(crashed.code)) throw error;
    return runJob('sysroot.load', { sysroot, crashed }, options).done;
  }
}
