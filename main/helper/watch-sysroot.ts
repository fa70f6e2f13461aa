// SPDX-License-Identifier: LGPL-2.1-or-later
import { watch } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../shared/errors/index.ts';
import { journal } from './journal.ts';

const outsideChangeMs = 300;

/** Other tools may deploy as well (ostree admin ...): libostree touches this directory after each change. `moved` is called at most every 300 ms. */
export function watchSysroot(sysroot: string, moved: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = watch(path.join(sysroot, 'ostree/deploy'), () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        moved();
      }, outsideChangeMs);
    });
    watcher.unref();
    watcher.on('error', () => watcher.close());
  } catch (error) {
    journal(`not watching ${sysroot}: ${messageOf(error)}`);
  }
}
