// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { bind } from '../core/index.ts';

/** <sys/socket.h> and <bits/types/struct_iovec.h>; the same layout on every 64-bit Linux. */
const Piece = koffi.struct({ base: 'uint8_t *', length: 'size_t' });
const Header = koffi.struct({
  name: 'void *',
  nameLength: 'uint32_t',
  pieces: koffi.pointer(Piece),
  pieceCount: 'size_t',
  control: 'uint8_t *',
  controlLength: 'size_t',
  flags: 'int',
});
const sendMessage = bind('c', 'sendmsg', 'int64', ['int', koffi.pointer(Header), 'int']);
const createMemory = bind('c', 'memfd_create', 'int', ['str', 'uint']);
const closeOnExec = 1;
const socketLevel = 1;
const rights = 1;

/**
 * Send bytes as a descriptor of a memory file (memfd_create(2), SCM_RIGHTS of unix(7)) with the byte that goes along. Throws an Error with the
 * number of the errno.
 */
export function sendAsMemory(socket: number, bytes: Uint8Array, along: number): void {
  const memory = createMemory('treeline-answer', closeOnExec) as number;
  if (memory < 0) throw new Error(`memfd_create: errno ${koffi.errno()}`);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(memory, bytes, done);
    // struct cmsghdr, then the descriptor, padded to the size of a long
    const control = Buffer.alloc(24);
    const numbers = new DataView(control.buffer, control.byteOffset, control.length);
    const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
    numbers.setBigUint64(0, 20n, littleEndian);
    numbers.setInt32(8, socketLevel, littleEndian);
    numbers.setInt32(12, rights, littleEndian);
    numbers.setInt32(16, memory, littleEndian);
    const message = {
      name: null,
      nameLength: 0,
      pieces: { base: Buffer.from([along]), length: 1 },
      pieceCount: 1,
      control,
      controlLength: control.length,
      flags: 0,
    };
    if (Number(sendMessage(socket, message, 0)) !== 1) throw new Error(`sendmsg: errno ${koffi.errno()}`);
  } finally {
    closeSync(memory);
  }
}
