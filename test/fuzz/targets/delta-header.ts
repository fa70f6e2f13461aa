// SPDX-License-Identifier: LGPL-2.1-or-later
import { deltaHeader, Unusable } from '../../../main/engine/host/media/commits.ts';
import type { MediumFile } from '../../../main/engine/base/tree/medium-directory.ts';
import type { CommitPort } from '../../../main/engine/base/ports/sysroot.ts';
import { encodeVariant } from '../../../main/native/core/gvariant-format.ts';

const commit = [new Map(), Buffer.alloc(0), [], 's', '', 1n, Buffer.alloc(32, 2), Buffer.alloc(32, 3)];
const delta = (from: Buffer): Buffer =>
  encodeVariant('(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))', [
    new Map(),
    5n,
    from,
    Buffer.alloc(32, 9),
    commit,
    Buffer.alloc(0),
    [],
    [],
  ]);

export const seeds = [delta(Buffer.alloc(0)), delta(Buffer.alloc(32, 1)), Buffer.alloc(5)];

const largestRead = 1 << 20;

export function target(data: Uint8Array): void {
  const bytes = Buffer.from(data);
  const file = {
    sizeBytes: bytes.length,
    read(offset: number, length: number): Buffer {
      if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || length > largestRead + bytes.length)
        throw new Error(`read of ${length} at ${offset}`);
      return Buffer.from(bytes.subarray(offset, offset + length));
    },
  } as unknown as MediumFile;
  try {
    deltaHeader(file, (checksum) => ({ checksum }) as unknown as CommitPort);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
  }
}
