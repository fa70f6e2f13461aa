// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import type { FileType } from '../../../../shared/domain/index.ts';
import { TreelineError, systemCodeOf } from '../../../../shared/errors/index.ts';

/** open(2): only a handle on the place; reading, a device's or pipe's side effects need another open. Not among node's constants. */
export const pathOnly = 0o10000000;

export interface LocalNode {
  /** Where it lies, as the bytes of its name: which needn't be UTF-8. */
  readonly at: Buffer;
  readonly type: FileType;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly device: number;
  readonly inode: number;
}

/** Relative path -> node; a byte of a name that isn't UTF-8 is written `\xHH`. */
export type LocalTree = ReadonlyMap<string, LocalNode>;

/**
 * Everything below a directory. Each directory is opened beneath the one above it and links aren't followed, whoever swaps what meanwhile: services may write into
 * some of /etc's. What vanishes meanwhile is left out. Throws `review.unreadable`.
 */
export function readLocalTree(directory: string): LocalTree {
  const nodes = new Map<string, LocalNode>();
  const visit = (fd: number, at: Buffer, prefix: string): void => {
    const here = Buffer.from(`/proc/self/fd/${fd}/`);
    for (const raw of unlessGone(() => readdirSync(here, { encoding: 'buffer' }), at) ?? []) {
      const entry = Buffer.concat([here, raw]);
      const child = Buffer.concat([at, slash, raw]);
      const stat = unlessGone(() => lstatSync(entry), child);
      if (!stat) continue;
      const path = prefix + nameText(raw);
      nodes.set(path, nodeOf(child, stat));
      if (stat.isDirectory()) enter(entry, child, `${path}/`, constants.O_NOFOLLOW);
    }
  };
  const enter = (place: Buffer, at: Buffer, prefix: string, flags = 0): void => {
    const fd = unlessGone(() => openSync(place, pathOnly | constants.O_DIRECTORY | flags), at);
    if (fd === undefined) return;
    try {
      visit(fd, at, prefix);
    } finally {
      closeSync(fd);
    }
  };
  const top = Buffer.from(directory);
  enter(top, top, '');
  return nodes;
}

const slash = Buffer.from('/');

function nodeOf(at: Buffer, stat: Stats): LocalNode {
  const type = typeOf(stat);
  return {
    at,
    type,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    sizeBytes: type === 'file' ? stat.size : 0,
    device: stat.dev,
    inode: stat.ino,
  };
}

export function typeOf(stat: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileType {
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'other';
}

function nameText(raw: Buffer): string {
  const text = raw.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text).equals(raw)) return text;
  return [...raw].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('');
}

/** `at`: what an error names, where the call got a handle's name. */
function unlessGone<T>(run: () => T, at?: Buffer): T | undefined {
  try {
    return run();
  } catch (error) {
    const code = systemCodeOf(error);
    const path = error instanceof Error && 'path' in error ? error.path : undefined;
    // ELOOP: a link stands where a directory was
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    const subject = String(at ?? path ?? '/etc');
    throw new TreelineError('review.unreadable', { subject, detail: code ?? String(error) }, { cause: error });
  }
}

/** How somebody's tree differs from its default. */
export interface LocalChanges {
  readonly modified: ReadonlySet<string>;
  /** The topmost of what is gone: not what was below. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * As ostree_diff_dirs with OSTREE_DIFF_FLAGS_IGNORE_XATTRS, which the merge uses: type, mode, owner, content and link target count, times and extended
 * attributes don't. Below something that changed its type nothing is looked at.
 */
export function localChanges(base: LocalTree, yours: LocalTree): LocalChanges {
  const modified = new Set<string>();
  const removed: string[] = [];
  const added: string[] = [];
  const parentStays = (path: string): boolean => {
    const end = path.lastIndexOf('/');
    return end < 0 || yours.get(path.slice(0, end))?.type === 'directory';
  };
  for (const [path, before] of base) {
    const now = yours.get(path);
    if (now) {
      if (before.type !== now.type || !sameNode(before, now)) modified.add(path);
    } else if (parentStays(path)) removed.push(path);
  }
  for (const path of yours.keys()) {
    if (!base.has(path) && !belowReplaced(path, base)) added.push(path);
  }
  return { modified, removed, added };
}

/**
 * Files and directories whose extended attributes differ from their default's and which the merge takes for unchanged all the same: with a new
 * version they get its attributes. Names that aren't UTF-8 are passed over.
 */
export function attributeChanges(
  base: LocalTree,
  yours: LocalTree,
  modified: ReadonlySet<string>,
  read: (path: string) => string,
): Set<string> {
  const changed = new Set<string>();
  for (const [path, before] of base) {
    const now = yours.get(path);
    if (!now || now.type !== before.type || !['file', 'directory'].includes(now.type) || modified.has(path)) continue;
    const [mine, theirs] = [now.at.toString('utf8'), before.at.toString('utf8')];
    if (!Buffer.from(mine).equals(now.at)) continue;
    if (read(mine) !== read(theirs)) changed.add(path);
  }
  return changed;
}

/** Whether it lies in a directory that stands where the default has a file. */
function belowReplaced(path: string, base: LocalTree): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = base.get(path.slice(0, end));
    if (parent) return parent.type !== 'directory';
  }
  return false;
}

function sameNode(a: LocalNode, b: LocalNode): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (a.type === 'symlink') return readLink(a).equals(readLink(b));
  if (a.type !== 'file') return true;
  if (a.device === b.device && a.inode === b.inode) return true;
  return a.sizeBytes === b.sizeBytes && sameContent(a, b);
}

export function readLink(node: LocalNode): Buffer {
  return unlessGone(() => readlinkSync(node.at, { encoding: 'buffer' })) ?? Buffer.alloc(0);
}

const chunkBytes = 1 << 16;
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const [chunkA, chunkB] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)];

function sameContent(a: LocalNode, b: LocalNode): boolean {
  if (a.sizeBytes === 0) return true;
  const first = unlessGone(() => openSync(a.at, readFlags));
  const second = unlessGone(() => openSync(b.at, readFlags));
  try {
    if (first === undefined || second === undefined) return false;
    for (;;) {
      const n = readSync(first, chunkA);
      const m = readSync(second, chunkB);
      if (n !== m || chunkA.compare(chunkB, 0, m, 0, n) !== 0) return false;
      if (n < chunkBytes) return true;
    }
  } finally {
    for (const fd of [first, second]) if (fd !== undefined) closeSync(fd);
  }
}
