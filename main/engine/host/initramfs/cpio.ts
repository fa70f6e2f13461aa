// SPDX-License-Identifier: LGPL-2.1-or-later

/** An entry of an archive: a file with its content, a link with its target as content, or a directory. */
export interface CpioEntry {
  /** Relative, without `.` and `..`. Bytes: names needn't be UTF-8. */
  readonly name: Buffer;
  /** Type and permissions, as st_mode has them. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content: Buffer;
}

/** The kernel reads an archive in steps of four bytes, and its end is the next multiple of 512, as cpio(1) writes it. */
const padding = (length: number, to: number): Buffer => Buffer.alloc((to - (length % to)) % to);

function header(fields: readonly number[]): string {
  return `070701${fields.map((value) => value.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
}

/**
 * A cpio archive as the kernel unpacks it into the initramfs (Documentation/driver-api/early-userspace/buffer-format.rst, "newc"). Times are 0 and inode numbers
 * count from 1, so that the same files give the same bytes.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const trailer: CpioEntry = { name: Buffer.from('TRAILER!!!'), mode: 0, uid: 0, gid: 0, content: Buffer.alloc(0) };
  const parts = [...entries, trailer].flatMap((entry, i) => {
    const { name, mode, uid, gid, content } = entry;
    const [ino, links] = entry === trailer ? [0, 1] : [i + 1, (mode & 0o170000) === 0o040000 ? 2 : 1];
    const head = Buffer.from(header([ino, mode, uid, gid, links, 0, content.length, 0, 0, 0, 0, name.length + 1, 0]));
    return [head, name, Buffer.alloc(1), padding(head.length + name.length + 1, 4), content, padding(content.length, 4)];
  });
  const whole = Buffer.concat(parts);
  return Buffer.concat([whole, padding(whole.length, 512)]);
}
