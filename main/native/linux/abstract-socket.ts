// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { setTimeout as sleep } from 'node:timers/promises';
import { bind } from '../core/index.ts';

const unix = 1;
const stream = 1;
/** <bits/socket_type.h>: the same on every architecture that Linux' asm-generic headers serve. */
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;
/** sun_path of struct sockaddr_un: 108 bytes, the first of which is the NUL that marks an abstract name. */
const nameMaxBytes = 107;
const retryMs = 20;

const openSocket = bind('c', 'socket', 'int', ['int', 'int', 'int']);
const connectSocket = bind('c', 'connect', 'int', ['int', 'const uint8_t *', 'uint32']);
const closeDescriptor = bind('c', 'close', 'int', ['int']);

/**
 * A connected stream socket to an abstract address (unix(7)), as a non-blocking descriptor that the caller owns. `name`: without the NUL
 * before it. A listener with a full queue is asked again until `timeoutMs`. Rejects with a plain Error that names the errno.
 */
export async function connectAbstract(name: Uint8Array, timeoutMs: number): Promise<number> {
  if (name.length > nameMaxBytes) throw new Error(`an abstract name of ${name.length} bytes: ${nameMaxBytes} are possible`);
  const address = Buffer.alloc(3 + name.length);
  const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (littleEndian) address.writeUInt16LE(unix, 0);
  else address.writeUInt16BE(unix, 0);
  address.set(name, 3);
  const descriptor = openSocket(unix, stream | nonBlocking | closeOnExec, 0) as number;
  if (descriptor < 0) throw new Error(`socket: ${errnoName()}`);
  const deadline = Date.now() + timeoutMs;
  while ((connectSocket(descriptor, address, address.length) as number) !== 0) {
    const reason = errnoName();
    if (reason === 'EINTR') continue;
    if (reason !== 'EAGAIN' || Date.now() > deadline) {
      closeDescriptor(descriptor);
      throw new Error(`connect: ${reason}`);
    }
    await sleep(retryMs);
  }
  return descriptor;
}

function errnoName(): string {
  const code = koffi.errno();
  return Object.entries(koffi.os.errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`;
}
