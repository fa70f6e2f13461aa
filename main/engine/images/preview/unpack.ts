// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { TreelineError, messageOf, systemCodeOf } from '../../../../shared/errors/index.ts';

const startsWith = (bytes: Buffer, ...magic: number[]): boolean => magic.every((byte, i) => bytes[i] === byte);

/** Plain bytes of what may be packed with gzip or zstd: its content tells. Throws repo.garbage for more than `limitBytes`, library.missing without zstd. */
export function unpack(bytes: Buffer, limitBytes: number, subject: string): Buffer {
  const garbage = (detail: string): TreelineError => new TreelineError('repo.garbage', { subject, detail });
  if (startsWith(bytes, 0x1f, 0x8b)) {
    try {
      return gunzipSync(bytes, { maxOutputLength: limitBytes });
    } catch (error) {
      throw garbage(messageOf(error));
    }
  }
  if (!startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd)) return bytes;
  // Node.js has zstd since 22.15 only; the program takes at most this memory, and is ended when it writes too much
  const done = spawnSync('zstd', ['-dcq', '--memory=128MB'], { input: bytes, maxBuffer: limitBytes, timeout: 60_000 });
  if (done.error && systemCodeOf(done.error) === 'ENOENT')
    throw new TreelineError('library.missing', { subject: 'zstd', detail: 'The program zstd isn’t installed.' });
  if (done.error) throw garbage(messageOf(done.error));
  if (done.status !== 0) throw garbage(`zstd: ${done.stderr.toString().trim().slice(0, 200)}`);
  return done.stdout;
}
