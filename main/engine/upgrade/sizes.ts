import { statfsSync } from 'node:fs';
import type { UpdateSizes } from '../../../shared/domain/index.ts';
import type { CommitPort, ObjectKind, RepoPort } from '../ports/sysroot.ts';

export interface ObjectSize {
  readonly type: ObjectKind;
  readonly checksum: string;
  /** Size in an archive repository: what goes over the network. */
  readonly archivedBytes: number;
  readonly unpackedBytes: number;
}

/** Names of OstreeObjectType 1 to 4. */
const kinds: readonly ObjectKind[] = ['file', 'dirtree', 'dirmeta', 'commit'];

/**
 * The objects of a commit's `ostree.sizes` (aay; an entry: 32 bytes checksum, archived and unpacked size as LEB128, since 2020.1 the object
 * type), undefined when the commit has none. ostree_commit_get_object_sizes gives the same.
 */
export function objectSizes(commit: CommitPort): ObjectSize[] | undefined {
  const entries = commit.value('ostree.sizes', 'aay') as readonly Uint8Array[] | undefined;
  return entries?.map((entry) => {
    const [archivedBytes, next] = varint(entry, 32);
    const [unpackedBytes, end] = varint(entry, next);
    return {
      type: kinds[(entry[end] ?? 1) - 1] ?? 'file',
      checksum: Buffer.from(entry.subarray(0, 32)).toString('hex'),
      archivedBytes,
      unpackedBytes,
    };
  });
}

function varint(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, at + 1];
    factor *= 128;
  }
  return [value, bytes.length];
}

/**
 * What is still to fetch for `commit`, in bytes. `repo` is where objects are looked for, parents included. Exact when the commit says its
 * sizes; otherwise zero and marked as not exact.
 */
export function updateSizes(commit: CommitPort, repo: RepoPort, sysroot: string, installedDeltaBytes: number): UpdateSizes {
  const { bavail, bsize } = statfsSync(sysroot);
  const rest = { installedDeltaBytes, freeBytes: bavail * bsize };
  const complete = commit.state === 'normal';
  const all = complete ? [] : objectSizes(commit);
  if (!all) return { downloadBytes: 0, downloadExact: false, downloadObjects: 0, diskBytes: 0, ...rest };
  const missing = all.filter((object) => !repo.hasObject(object.type, object.checksum));
  return {
    downloadBytes: missing.reduce((sum, o) => sum + o.archivedBytes, 0),
    downloadExact: true,
    downloadObjects: missing.length,
    diskBytes: missing.reduce((sum, o) => sum + o.unpackedBytes, 0),
    ...rest,
  };
}
