// SPDX-License-Identifier: LGPL-2.1-or-later
import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { UpdateSizes } from '../../../../shared/domain/index.ts';
import { filesKey, filesType, gapsKey, gapsType } from '../../base/ports/commit-sizes.ts';
import type { CommitPort, ObjectKind, RepoPort } from '../../base/ports/sysroot.ts';

interface ObjectSize {
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
function objectSizes(commit: CommitPort): ObjectSize[] | undefined {
  const entries = commit.value('ostree.sizes', 'aay');
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
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, at + 1];
    factor *= 128;
  }
  return [value, bytes.length];
}

/** Sizes of those files that a commit tells of, by checksum: all of them, or the few of `treeline.files`; undefined when it tells nothing. */
export function fileSizes(commit: CommitPort): Map<string, Pick<ObjectSize, 'archivedBytes' | 'unpackedBytes'>> | undefined {
  const objects = objectSizes(commit)?.filter((o) => o.type === 'file');
  if (objects) return new Map(objects.map((o) => [o.checksum, o]));
  const rows = commit.value(filesKey, filesType);
  return (
    rows &&
    new Map(
      rows.map(([, sum, archived, unpacked]) => [
        Buffer.from(sum).toString('hex'),
        { archivedBytes: Number(archived), unpackedBytes: Number(unpacked) },
      ]),
    )
  );
}

/** Paths and checksums of the files that `treeline.files` tells of; undefined without it. */
export function toldFiles(commit: CommitPort): { readonly path: string; readonly checksum: string }[] | undefined {
  const rows = commit.value(filesKey, filesType);
  return rows?.map(([name, sum]) => ({ path: name, checksum: Buffer.from(sum).toString('hex') }));
}

interface Missing {
  readonly objects: number;
  readonly archivedBytes: number;
  readonly unpackedBytes: number;
  readonly exact: boolean;
}

const zero: Missing = { objects: 0, archivedBytes: 0, unpackedBytes: 0, exact: false };

/**
 * What is still to fetch for `to` by who has `from` (undefined = nothing). Exact from `ostree.sizes` or a row of `treeline.gaps` for
 * exactly this gap; estimated from the whole tree's size and the share of packages that differ; else zero, not exact.
 */
export function missingSizes(repo: RepoPort, from: CommitPort | undefined, to: CommitPort, fetchRepo?: string): Missing {
  const all = objectSizes(to);
  if (all) {
    const missing = all.filter((o) => !repo.hasObject(o.type, o.checksum));
    const sum = (key: 'archivedBytes' | 'unpackedBytes'): number => missing.reduce((total, o) => total + o[key], 0);
    return { objects: missing.length, archivedBytes: sum('archivedBytes'), unpackedBytes: sum('unpackedBytes'), exact: true };
  }
  const gaps = gapsOf(to);
  const own = gaps.get(from?.checksum ?? '');
  const gap = own ?? scaled(gaps.get(''), differingShare(from, to));
  if (!gap) return zero;
  const here = fetchRepo === undefined ? zero : fetchedAlready(fetchRepo);
  return {
    objects: Math.max(0, gap.objects - here.objects),
    archivedBytes: Math.max(0, gap.archivedBytes - here.archivedBytes),
    unpackedBytes: gap.unpackedBytes,
    // what an earlier, interrupted download left may be of another release
    exact: own !== undefined && here.objects === 0,
  };
}

/** Rows of `treeline.gaps` by commit; '' is who has nothing. */
export function gapsOf(commit: CommitPort): Map<string, Missing> {
  const rows = commit.value(gapsKey, gapsType) ?? [];
  return new Map(
    rows.map(([sum, objects, archived, unpacked]) => [
      Buffer.from(sum).toString('hex'),
      { objects: Number(objects), archivedBytes: Number(archived), unpackedBytes: Number(unpacked), exact: true },
    ]),
  );
}

function scaled(whole: Missing | undefined, share: number): Missing | undefined {
  const part = (n: number): number => Math.ceil(n * share);
  return (
    whole && {
      objects: part(whole.objects),
      archivedBytes: part(whole.archivedBytes),
      unpackedBytes: part(whole.unpackedBytes),
      exact: false,
    }
  );
}

/** Share (0..1) of the new tree's packages that the old one doesn't have exactly so. */
function differingShare(from: CommitPort | undefined, to: CommitPort): number {
  const list = (commit: CommitPort | undefined): string[] =>
    (commit?.value('rpmostree.rpmdb.pkglist', 'a(sssss)') ?? []).map((row) => row.join(' '));
  const before = new Set(list(from));
  const after = list(to);
  return after.length === 0 || before.size === 0 ? 1 : after.filter((row) => !before.has(row)).length / after.length;
}

/** Objects but commits of the repository that downloads go to; empty when it isn't there. */
function fetchedAlready(repo: string): Missing {
  const objects = path.join(repo, 'objects');
  let count = 0;
  let bytes = 0;
  for (const prefix of entries(objects)) {
    for (const name of entries(path.join(objects, prefix))) {
      if (!/\.(filez|dirtree|dirmeta)$/.test(name)) continue;
      count++;
      bytes += lstatSync(path.join(objects, prefix, name), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return { ...zero, objects: count, archivedBytes: bytes };
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Sizes of an update as shown; `repo` is where objects are looked for, parents included; `fetchRepo` where downloads go to. */
export function updateSizes(
  repo: RepoPort,
  from: CommitPort | undefined,
  to: CommitPort,
  places: { readonly sysroot: string; readonly fetchRepo: string },
  installedDeltaBytes: number | undefined,
): UpdateSizes {
  const { bavail, bsize } = statfsSync(places.sysroot);
  const missing = to.state === 'normal' ? { ...zero, exact: true } : missingSizes(repo, from, to, places.fetchRepo);
  return {
    downloadBytes: missing.archivedBytes,
    downloadExact: missing.exact,
    downloadObjects: missing.objects,
    diskBytes: missing.unpackedBytes,
    ...(installedDeltaBytes === undefined ? {} : { installedDeltaBytes }),
    freeBytes: bavail * bsize,
  };
}
