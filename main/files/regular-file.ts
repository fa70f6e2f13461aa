// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { TreelineError, messageOf, systemCodeOf } from '../../shared/errors/index.ts';

/** What people write by hand, and keys, are far below; a larger file is a mistake. */
export const writtenByHandBytes = 16 << 20;

export interface ReadOptions {
  /** A larger file is refused. Default 16 MiB. */
  readonly limitBytes?: number;
}

/**
 * The bytes of a file that somebody named. Only of a regular file (a link to one is followed): a pipe or device neither waits nor goes on for ever, and opening
 * it does nothing (open(2), O_NONBLOCK, O_NOCTTY). Throws file.unreadable naming the file; the message never holds any of its content.
 */
export function readRegularFile(file: string, { limitBytes = writtenByHandBytes }: ReadOptions = {}): Buffer {
  const unreadable = (detail: string, cause?: unknown): TreelineError =>
    new TreelineError('file.unreadable', { subject: file, detail }, cause === undefined ? {} : { cause });
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    // ENXIO: a socket
    throw unreadable(systemCodeOf(error) === 'ENXIO' ? 'it isn’t a regular file' : messageOf(error), error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw unreadable(`it is ${kindOf(stats)}, not a regular file`);
    const tooLarge = (): TreelineError => unreadable(`it is larger than ${limitBytes} bytes`);
    if (stats.size > limitBytes) throw tooLarge();
    // files of /proc say 0 bytes, and one may grow meanwhile
    const pieces: Buffer[] = [];
    for (let total = 0; ;) {
      const piece = Buffer.allocUnsafe(Math.max(4096, Math.min(stats.size - total + 1, 1 << 20)));
      const count = readSync(fd, piece, 0, piece.length, null);
      if (count === 0) return Buffer.concat(pieces);
      total += count;
      if (total > limitBytes) throw tooLarge();
      pieces.push(piece.subarray(0, count));
    }
  } catch (error) {
    throw error instanceof TreelineError ? error : unreadable(messageOf(error), error);
  } finally {
    closeSync(fd);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  return 'something else';
}
