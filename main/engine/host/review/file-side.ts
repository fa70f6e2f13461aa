// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FileSide, FileType } from '../../../../shared/domain/index.ts';
import type { DirRef, TreeReader } from '../../base/commits/tree-reader.ts';

/** Text is shown up to here: 512 KiB. */
export const textLimitBytes = 512 * 1024;

/** Something at a path, opened. */
export interface SideSource {
  readonly type: FileType;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly linkTarget?: string;
  /** Every user of the machine may read it. */
  readonly forEverybody: boolean;
  /** undefined when it is larger, or isn't here. May throw what reading throws. */
  content(upToBytes: number): Buffer | undefined;
  close(): void;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Describe one version of a file, with its text if it has one that the caller may see; closes the source. */
export function sideOf(source: SideSource | undefined, includePrivate: boolean): FileSide {
  if (!source) return { exists: false };
  const { type, mode, sizeBytes, linkTarget } = source;
  try {
    const known = { exists: true, type, sizeBytes, mode, ...(linkTarget === undefined ? {} : { linkTarget }) };
    if (type !== 'file') return known;
    if (!includePrivate && !source.forEverybody) return { ...known, noText: 'unreadable' };
    if (sizeBytes > textLimitBytes) return { ...known, noText: 'too-large' };
    const content = unreadableAsNothing(() => source.content(textLimitBytes));
    if (!content) return { ...known, noText: 'unreadable' };
    // it may have grown while it was read
    if (content.length > textLimitBytes) return { ...known, noText: 'too-large' };
    const text = content.includes(0) ? undefined : unreadableAsNothing(() => utf8.decode(content));
    return text === undefined ? { ...known, noText: 'binary' } : { ...known, text };
  } finally {
    source.close();
  }
}

function unreadableAsNothing<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** What is at a path below a directory of a commit's tree; links aren't followed. Throws `review.content-missing`. */
export function sourceInTree(reader: TreeReader, root: DirRef | undefined, names: readonly string[]): SideSource | undefined {
  let at = root;
  let everybody = true;
  for (const name of names.slice(0, -1)) {
    at = at && reader.directory(at.tree).dirs.get(name);
    if (at && (reader.attributes(at.meta).mode & 0o001) === 0) everybody = false;
  }
  if (!at) return undefined;
  const last = names.at(-1) ?? '';
  const { files, dirs } = reader.directory(at.tree);
  const dir = dirs.get(last);
  const close = (): void => undefined;
  if (dir) {
    const { mode } = reader.attributes(dir.meta);
    return { type: 'directory', mode, sizeBytes: 0, forEverybody: everybody, content: () => undefined, close };
  }
  const checksum = files.get(last);
  if (checksum === undefined) return undefined;
  const { type, mode, sizeBytes, linkTarget } = reader.file(checksum);
  return {
    type,
    mode,
    sizeBytes,
    forEverybody: everybody && (type !== 'file' || (mode & 0o004) !== 0),
    ...(type === 'symlink' ? { linkTarget } : {}),
    content: (upToBytes) => (sizeBytes === 0 ? Buffer.alloc(0) : reader.file(checksum, upToBytes).content),
    close,
  };
}
