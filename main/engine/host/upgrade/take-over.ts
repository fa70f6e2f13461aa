// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { messageOf, TreelineError } from '../../../../shared/errors/index.ts';

/**
 * Copy a layer of `size` bytes out of the fetching user's reach, who could change it while it is read, and check it on the way. What isn't what its digest says is removed, to be fetched
 * anew. Throws repo.corrupt.
 */
export function takeOver(from: string, to: string, digest: string, size: number): void {
  const wrong = (detail: string): TreelineError => {
    rmSync(from, { force: true });
    return new TreelineError('repo.corrupt', { subject: digest, detail });
  };
  // a link or a pipe would lead elsewhere, or never end
  let source: number;
  try {
    source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw wrong(messageOf(error));
  }
  try {
    const stat = fstatSync(source);
    if (!stat.isFile() || stat.size !== size) throw wrong('the layer isn’t what was fetched');
    const temporary = `${to}.part`;
    const target = openSync(temporary, 'w', 0o600);
    const hash = createHash('sha256');
    try {
      const piece = Buffer.allocUnsafe(1 << 20);
      for (let done = 0; done < size;) {
        const count = readSync(source, piece, 0, Math.min(piece.length, size - done), done);
        if (count === 0) break;
        hash.update(piece.subarray(0, count));
        for (let written = 0; written < count;) written += writeSync(target, piece, written, count - written);
        done += count;
      }
    } finally {
      closeSync(target);
    }
    if (`sha256:${hash.digest('hex')}` !== digest) {
      rmSync(temporary, { force: true });
      throw wrong('the layer’s content doesn’t fit its digest');
    }
    renameSync(temporary, to);
    rmSync(from, { force: true });
  } finally {
    closeSync(source);
  }
}
