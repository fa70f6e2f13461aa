// SPDX-License-Identifier: LGPL-2.1-or-later
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { sumIfKnown } from '../../../../shared/domain/index.ts';
import { advisoriesBetween, tellsAdvisories } from '../../base/db/commit-advisories.ts';
import { describeChanges, diffPackages, indexPackages } from '../../base/diff/index.ts';
import type { ObjectReader, ReadCommitRpmdb } from '../../base/ports/review.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { flatten, isComplete, TreeReader, type DirRef, type TreeNode } from '../../base/commits/tree-reader.ts';
import { fileSizes } from '../source/sizes.ts';

/** What reading RPM databases out of commits needs. */
export interface RpmdbAccess {
  readonly objects: ObjectReader;
  readonly readRpmdb: ReadCommitRpmdb;
}

/** Where a tree's RPM database may be; one may be a link to the other. */
export const rpmdbDirectories = ['/usr/share/rpm', '/usr/lib/sysimage/rpm'] as const;

/**
 * Details of an update whose commits don't say what they change: when both trees' RPM databases are here, with summaries, sizes, new changelog
 * entries; else with `rpmdbBytes` for the one to fetch. Details from `treeline.changes` stay as they are, as do those without a database.
 */
export function withRpmdb(
  access: RpmdbAccess,
  repo: RepoPort,
  system: RepoPort,
  details: UpdateDetails,
  from: CommitPort | undefined,
  to: CommitPort,
): UpdateDetails {
  if (details.source === 'treeline.changes' || !from) return details;
  const reader = new TreeReader(repo, system, access.objects);
  const [mine, theirs] = [rpmdbState(reader, from), rpmdbState(reader, to)];
  if (mine === 'none' || theirs === 'none') return details;
  if (mine === 'absent' || theirs === 'absent') {
    const missing = [mine, theirs].filter((state) => state === 'absent').length;
    const bytes = mine === 'absent' ? undefined : databaseBytes(reader, from);
    return bytes === undefined ? details : { ...details, rpmdbBytes: bytes * missing };
  }
  // read by librpm from a copy: verified before, as everything that was fetched
  for (const commit of [from, to]) for (const node of databaseFiles(reader, commit)) reader.file(node.checksum);
  return described(access, repo, details, from, to);
}

function described(access: RpmdbAccess, repo: RepoPort, details: UpdateDetails, from: CommitPort, to: CommitPort): UpdateDetails {
  const read = (commit: CommitPort, names?: readonly string[]): ReturnType<ReadCommitRpmdb> =>
    access.readRpmdb(repo, commit.checksum, { changelogs: names !== undefined, ...(names ? { names } : {}) });
  const before = read(from);
  const after = read(to);
  if (!before || !after) return details;
  const changes = diffPackages(before, after);
  const names = [...new Set(changes.map((c) => c.name))];
  const [old, now] = names.length > 0 ? [read(from, names) ?? before, read(to, names) ?? after] : [before, after];
  const { changes: packages, advisories } = describeChanges(
    changes,
    indexPackages(old),
    indexPackages(now),
    advisoriesBetween(repo, from.checksum, to.checksum),
  );
  const total = (list: readonly { readonly installedSizeBytes?: number }[]): number | undefined =>
    sumIfKnown(list.map((p) => p.installedSizeBytes));
  const { rpmdbBytes: _, notTold: __, ...rest } = details;
  const delta = (total(after) ?? NaN) - (total(before) ?? NaN);
  return {
    ...rest,
    packages,
    advisories,
    // the databases tell changelogs, of advisories nothing
    ...(tellsAdvisories(to) || advisories.length > 0 ? {} : { notTold: ['advisories'] as const }),
    ...(details.sizes && !Number.isNaN(delta) ? { sizes: { ...details.sizes, installedDeltaBytes: delta } } : {}),
    source: 'rpmdb',
  };
}

/** Throws `rpmdb.unreadable` for a tree without a database, and what verifying it throws. */
export function requireRpmdb(reader: TreeReader, commit: CommitPort): void {
  const nodes = databaseFiles(reader, commit);
  if (nodes.length === 0) throw new TreelineError('rpmdb.unreadable', { subject: 'The new version', detail: 'it holds no RPM database' });
  for (const { checksum } of nodes) reader.file(checksum);
}

/** Every place that is there must be complete; `none` when the directories are known and hold no database. */
function rpmdbState(reader: TreeReader, commit: CommitPort): 'here' | 'absent' | 'none' {
  try {
    const places = placesOf(reader, commit);
    if (places.length === 0) return 'none';
    return places.every((dir) => isComplete(reader, dir)) ? 'here' : 'absent';
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'review.content-missing') return 'absent';
    throw error;
  }
}

function placesOf(reader: TreeReader, commit: CommitPort): DirRef[] {
  return rpmdbDirectories.flatMap((place) => reader.find(commit, place.split('/').slice(1)) ?? []);
}

function databaseFiles(reader: TreeReader, commit: CommitPort): TreeNode[] {
  return placesOf(reader, commit)
    .flatMap((dir) => [...flatten(reader, dir).values()])
    .filter((node) => node.type === 'file');
}

/** Bytes of the database as it goes over the network where the commit says them, else as it lies here. */
function databaseBytes(reader: TreeReader, commit: CommitPort): number {
  const archived = fileSizes(commit);
  return databaseFiles(reader, commit).reduce(
    (sum, { checksum }) => sum + (archived?.get(checksum)?.archivedBytes ?? reader.tryFile(checksum)?.sizeBytes ?? 0),
    0,
  );
}
