// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, Ptr } from '../core/index.ts';

const lset = bind('c', 'lsetxattr', 'int', ['str', 'str', Ptr, 'size_t', 'int']);
const lremove = bind('c', 'lremovexattr', 'int', ['str', 'str']);
const llist = bind('c', 'llistxattr', 'long', ['str', Ptr, 'size_t']);
const lget = bind('c', 'lgetxattr', 'long', ['str', 'str', Ptr, 'size_t']);

const valueBuffer = Buffer.alloc(65536);

/** Value of an extended attribute, undefined when it isn't set or the file system has none (lgetxattr(2)). */
export function getAttribute(path: string, name: string): Buffer | undefined {
  const length = Number(lget(path, name, valueBuffer, valueBuffer.length));
  return length < 0 ? undefined : Buffer.from(valueBuffer.subarray(0, length));
}

/** Set an extended attribute (lsetxattr(2)). Throws with the errno's name. */
export function setAttribute(path: string, name: string, value: Buffer): void {
  if ((lset(path, name, value, value.length, 0) as number) === 0) return;
  throw failed(path, name, 'set');
}

function failed(path: string, name: string, what: string): Error {
  const code = koffi.errno();
  return new Error(`${path}: ${name} can't be ${what}: ${Object.entries(koffi.os.errno).find(([, v]) => v === code)?.[0] ?? code}`);
}

/** Remove the attributes whose names begin with one of the prefixes (llistxattr(2), lremovexattr(2)). */
export function removeAttributes(path: string, prefixes: readonly string[]): void {
  const buffer = Buffer.alloc(65536);
  const length = Number(llist(path, buffer, buffer.length));
  if (length <= 0) return;
  for (const name of buffer.toString('utf8', 0, length - 1).split('\0'))
    if (prefixes.some((prefix) => name.startsWith(prefix)) && (lremove(path, name) as number) !== 0) throw failed(path, name, 'removed');
}

/** What a person sets by setfattr(1), setcap(8) or setfacl(1). Labels and hashes belong to the system, the rest to overlayfs and ostree. */
const ownPrefixes = ['user.', 'security.capability', 'system.posix_acl_'];
const notOwn = ['user.overlay.', 'user.ostreemeta'];
const listBuffer = Buffer.alloc(65536);

/** The extended attributes that somebody gave a file, in a form to compare; '' for none. */
export function ownAttributes(path: string): string {
  const length = Number(llist(path, listBuffer, listBuffer.length));
  if (length <= 0) return '';
  const starts = (name: string, prefixes: readonly string[]): boolean => prefixes.some((prefix) => name.startsWith(prefix));
  const names = listBuffer.toString('utf8', 0, length - 1).split('\0');
  const own = names.filter((name) => starts(name, ownPrefixes) && !starts(name, notOwn)).sort();
  return own.map((name) => `${name}=${getAttribute(path, name)?.toString('base64') ?? ''}`).join('\n');
}
