// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:fs';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { FileLock } from '../../engine/base/ports/publish.ts';
import { bind } from '../core/index.ts';

/** flock(2): the lock goes with the process, however it ends. */
const flock = bind('c', 'flock', 'int', ['int', 'int']);
const exclusive = 2;
const notBlocking = 4;

/**
 * Take the lock of `file`, made when it isn't there; or say who has it, in the words that the holder left in the file. Throws repo.open when the
 * file can't be written.
 */
export const tryLockFile: FileLock = (file, words) => {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (error) {
    throw new TreelineError('repo.open', { subject: file, detail: (error as Error).message });
  }
  if (flock(fd, exclusive | notBlocking) !== 0) {
    const holder = readFileSync(fd, 'utf8').trim();
    closeSync(fd);
    return { holder: holder || 'another process' };
  }
  ftruncateSync(fd);
  writeSync(fd, `${words}\n`, 0);
  return {
    [Symbol.dispose]() {
      ftruncateSync(fd);
      closeSync(fd);
    },
  };
};
