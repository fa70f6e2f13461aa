// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, Ptr } from '../core/index.ts';

/** openat2(2): glibc has no function for it. Declared with the arguments used. */
const syscall = bind('c', 'syscall', 'long', ['long', 'int', 'str', Ptr, 'size_t']);
const openat2 = 437;
const closeRange = bind('c', 'close_range', 'int', ['uint', 'uint', 'int']);
const closeOnExec = 4;

/** O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC of fcntl.h; O_DIRECTORY and O_NOFOLLOW differ on ARM. */
const flags = 0o10000000 | 0o2000000 | (process.arch === 'arm64' ? 0o40000 | 0o100000 : 0o200000 | 0o400000);
/** RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH. */
const resolve = 0x02 | 0x04 | 0x08;
const currentDirectory = -100;

/** struct open_how. */
function how(resolveBits: number): Buffer {
  const buffer = Buffer.alloc(24);
  buffer.writeBigUInt64LE(BigInt(flags), 0);
  buffer.writeBigUInt64LE(BigInt(resolveBits), 16);
  return buffer;
}

function open(at: number, path: string, resolveBits: number): number | undefined {
  const fd = Number(syscall(openat2, at, path, how(resolveBits), 24));
  return fd >= 0 ? fd : undefined;
}

/** Hold a directory, its last component no link (O_PATH). undefined when it isn't one. */
export function holdDirectory(path: string): number | undefined {
  return open(currentDirectory, path, 0);
}

/** Hold a directory beneath another one that is held; no link is followed on the way. undefined when it isn't one. */
export function holdBeneath(directory: number, path: string): number | undefined {
  return open(directory, path, resolve);
}

/** Have no program that is started from now on inherit any descriptor but those it is given, also not one that this process inherited itself. */
export function sealDescriptors(first = 3): void {
  if ((closeRange(first, 0xffffffff, closeOnExec) as number) !== 0) throw new Error(`close_range: errno ${koffi.errno()}`);
}
