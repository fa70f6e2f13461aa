// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { messageOf, TreelineError } from '../../../../shared/errors/index.ts';
import { cpioArchive, type CpioEntry } from './cpio.ts';

/** An initramfs is read into memory by the boot loader, and once more by the kernel. */
const limitBytes = 64 << 20;

const refuse = (subject: string, detail: string): TreelineError => new TreelineError('initramfs.file', { subject, detail });

/** Names below /etc on the way to a tracked file. Throws initramfs.file for a path that isn't one of /etc, or isn't written plainly. */
export function namesOf(file: string): string[] {
  if (!file.startsWith('/etc/')) throw refuse(file, 'only files below /etc can be tracked');
  const names = file.slice('/etc/'.length).split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || /[\0-\x1f\x7f]/.test(name)))
    throw refuse(file, 'the path must be written without empty parts, “.”, “..” and control characters');
  return names;
}

/**
 * The initramfs that the kernel unpacks over the tree's: files of /etc, directories with all that is in them, and those that lead to them; compressed as
 * rpm-ostree does it. `etc`: where /etc is found. The same files give the same bytes. Throws initramfs.file naming what is gone, is no file, directory or
 * link, is reached through a link, or is too large.
 */
export function etcOverlay(etc: string, files: readonly string[]): Buffer {
  const entries = new Map<string, CpioEntry>();
  const room = { bytes: limitBytes };
  for (const file of files) {
    const names = namesOf(file);
    names.forEach((_, i) => {
      const relative = Buffer.from(names.slice(0, i + 1).join('/'));
      const stats = look(etc, relative, file);
      if (i === names.length - 1) addAll(etc, relative, file, entries, room);
      else if (!stats.isDirectory()) throw refuse(file, `/etc/${relative} is no directory`);
      else add(entries, relative, stats, Buffer.alloc(0));
    });
  }
  const sorted = [...entries.values()].sort((a, b) => Buffer.compare(a.name, b.name));
  return gzipSync(cpioArchive(sorted), { level: 1 });
}

const at = (etc: string, relative: Buffer): Buffer => Buffer.concat([Buffer.from(`${etc}/`), relative]);

function look(etc: string, relative: Buffer, file: string): Stats {
  const stats = lstatSync(at(etc, relative), { throwIfNoEntry: false });
  if (!stats) throw refuse(file, `/etc/${relative} doesn’t exist`);
  return stats;
}

function add(entries: Map<string, CpioEntry>, relative: Buffer, { mode, uid, gid }: Stats, content: Buffer): void {
  const name = Buffer.concat([Buffer.from('etc/'), relative]);
  entries.set(name.toString('latin1'), { name, mode, uid, gid, content });
}

function addAll(etc: string, relative: Buffer, file: string, entries: Map<string, CpioEntry>, room: { bytes: number }): void {
  const stats = look(etc, relative, file);
  const place = at(etc, relative);
  if (stats.isDirectory()) {
    add(entries, relative, stats, Buffer.alloc(0));
    const names = readdirSync(place, { encoding: 'buffer' });
    for (const name of names) addAll(etc, Buffer.concat([relative, Buffer.from('/'), name]), file, entries, room);
  } else if (stats.isSymbolicLink()) {
    add(entries, relative, stats, readlinkSync(place, { encoding: 'buffer' }));
  } else if (stats.isFile()) {
    if (stats.size > room.bytes) throw refuse(file, `more than ${limitBytes >> 20} MiB together`);
    const content = read(place, file);
    room.bytes -= content.length;
    add(entries, relative, stats, content);
  } else throw refuse(file, `/etc/${relative} is neither a file nor a directory nor a link`);
}

function read(place: Buffer, file: string): Buffer {
  try {
    const fd = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) throw refuse(file, 'it was replaced meanwhile');
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw error instanceof TreelineError ? error : refuse(file, messageOf(error));
  }
}
