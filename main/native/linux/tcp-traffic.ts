// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readlinkSync } from 'node:fs';
import { bind, Ptr } from '../core/index.ts';

const getOption = bind('c', 'getsockopt', 'int', ['int', 'int', 'int', Ptr, Ptr]);

export const protocolTcp = 6;
export const optionTcpInfo = 11;
/** Where struct tcp_info of linux/tcp.h has tcpi_bytes_received; the kernel fills as much of it as it knows and there is room for. */
export const bytesReceivedAt = 128;
const infoBytes = bytesReceivedAt + 8;

/**
 * Bytes that came in over each TCP connection of this process, by the name that proc_pid_fd(5) gives its socket. What the other side's kernel
 * does by itself (acknowledging, keeping alive) isn't counted. Throws where /proc/self/fd can't be read.
 */
export function receivedBytes(): Map<string, bigint> {
  const received = new Map<string, bigint>();
  const [info, length] = [Buffer.alloc(infoBytes), Buffer.alloc(4)];
  for (const fd of readdirSync('/proc/self/fd')) {
    const name = socketName(fd);
    if (name === undefined) continue;
    length.writeUInt32LE(infoBytes);
    if ((getOption(Number(fd), protocolTcp, optionTcpInfo, info, length) as number) !== 0) continue;
    if (length.readUInt32LE() === infoBytes) received.set(name, info.readBigUInt64LE(bytesReceivedAt));
  }
  return received;
}

/** undefined: no socket, or closed meanwhile. */
function socketName(fd: string): string | undefined {
  try {
    const name = readlinkSync(`/proc/self/fd/${fd}`);
    return name.startsWith('socket:') ? name : undefined;
  } catch {
    return undefined;
  }
}
