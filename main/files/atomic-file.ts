// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { TreelineError, systemCodeOf, messageOf } from '../../shared/errors/index.ts';

export interface AtomicFileOptions {
  /** Permission bits of a new file, whatever the umask. Default 0644. */
  readonly mode?: number;
  /** A file that is there already keeps its owner and mode. */
  readonly keepAttributes?: boolean;
  /** Make missing directories (0755). */
  readonly makeDirectories?: boolean;
}

/** A draft lives for as long as its content is written. A process number wouldn't tell: others have the same one in a namespace of their own, or after a restart. */
const draftLivesMs = 600_000;

/**
 * Replace a file: a reader, and whoever reads it after a power cut, finds the old or the new content whole, never a part (fsync(2) before rename(2),
 * then of the directory, without which XFS may leave 0 bytes). A link at `file` is replaced, not followed. Old drafts, of processes that were killed, are removed.
 * Throws disk.full or file.unwritable naming the file; nothing is left behind then.
 */
export function atomicFile(file: string, content: string | Uint8Array, options: AtomicFileOptions = {}): void {
  const directory = path.dirname(file);
  // in the directory of the file: rename works within a file system only
  const draft = path.join(directory, `.${path.basename(file)}.${randomBytes(6).toString('hex')}.new`);
  try {
    if (options.makeDirectories) mkdirSync(directory, { recursive: true, mode: 0o755 });
    removeStale(file);
    const before = options.keepAttributes ? lstatSync(file, { throwIfNoEntry: false }) : undefined;
    const kept = before?.isFile() ? before : undefined;
    const fd = openSync(draft, 'wx', 0o600);
    try {
      if (kept) keepOwner(fd, kept);
      fchmodSync(fd, kept ? kept.mode & 0o777 : (options.mode ?? 0o644));
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, file);
    syncDirectory(directory);
  } catch (error) {
    rmSync(draft, { force: true });
    throw unwritable(file, error);
  }
}

/** As atomicFile, for what is only a memory: where it can't be kept, `say` is told why, and the caller goes on. */
export function tryAtomicFile(
  file: string,
  content: string | Uint8Array,
  options: AtomicFileOptions & { readonly say?: (line: string) => void } = {},
): void {
  try {
    atomicFile(file, content, options);
  } catch (error) {
    options.say?.(`${file}: ${TreelineError.report(error).detail ?? ''}`);
  }
}

/** Add to a file (made with 0644) by one write, and have it on the disk before this returns: open(2) O_APPEND, fsync(2). Throws the system's error. */
export function appendLasting(file: string, text: string): void {
  const fresh = !existsSync(file);
  const fd = openSync(file, 'a', 0o644);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  if (fresh) syncDirectory(path.dirname(file));
}

/** Make the names in a directory last (fsync(2)). File systems that can't do that for a directory (some FUSE ones) are left alone. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF', 'EROFS'].includes(systemCodeOf(error) ?? '')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** Only root gives files away: for others a file that they may replace becomes their own, as with every editor. Rights that went with the owner go, too. */
function keepOwner(fd: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  if (uid === process.geteuid?.() && gid === process.getegid?.()) return;
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    if (process.geteuid?.() === 0 || systemCodeOf(error) !== 'EPERM') throw error;
  }
}

/** Of earlier versions, too, whose names hold a process number and a count. */
function removeStale(file: string): void {
  const [prefix, directory] = [`.${path.basename(file)}.`, path.dirname(file)];
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(prefix) || !/^([0-9a-f]{12}|\d+\.\d+)\.new$/.test(name.slice(prefix.length))) continue;
    const stats = lstatSync(path.join(directory, name), { throwIfNoEntry: false });
    if (stats && Date.now() - stats.mtimeMs > draftLivesMs) rmSync(path.join(directory, name), { force: true });
  }
}

function unwritable(file: string, error: unknown): TreelineError {
  if (error instanceof TreelineError) return error;
  const code = systemCodeOf(error);
  return new TreelineError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk.full' : 'file.unwritable', {
    subject: file,
    detail: messageOf(error),
  });
}
