// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { formatNevra, type ChangelogEntry, type Package, type PackageChange } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { comparePackages, describeChanges, diffPackages, indexPackages, packagesOfPkglist, type DescribedPackage } from '../diff/index.ts';
import type { DbListing, DiffOutcome, DbJobs } from './params.ts';
import type { DbSource } from '../ports/db.ts';
import type { CommitPort } from '../ports/sysroot.ts';
import { advisoriesBetween, advisoriesOfCommit } from './commit-advisories.ts';
import { namePattern } from './pattern.ts';
import { changeKey, recordedChanges } from './recorded.ts';
import { resolvePair, resolveRevision, type Revision } from './revision.ts';

/** Packages of a commit, unsorted: from its metadata when it is there (no file is read), else from its RPM database. */
export function packagesOfCommit(source: DbSource, commit: CommitPort): readonly Package[] {
  const rows = commit.value('rpmostree.rpmdb.pkglist', 'a(sssss)');
  if (rows) return packagesOfPkglist(rows);
  return fromRpmdb(source, commit.checksum, false);
}

function fromRpmdb(source: DbSource, checksum: string, changelogs: boolean, names?: readonly string[]): readonly DescribedPackage[] {
  const packages = source.rpmdb(checksum, names ? { changelogs, names } : { changelogs });
  if (!packages) throw new TreelineError('rpmdb.missing', { subject: checksum });
  return packages;
}

/** Job db.list. */
export function dbList(source: DbSource, params: DbJobs['db.list']['params']): DbListing[] {
  const { revisions, patterns } = sortArguments(source, params.revisions);
  const wanted = [...params.patterns, ...patterns].map(namePattern);
  return revisions.map(({ name, checksum }) => {
    const commit = source.repo.loadCommit(checksum);
    const all = params.details ? fromRpmdb(source, checksum, false) : [...packagesOfCommit(source, commit)].sort(comparePackages);
    const packages = wanted.length === 0 ? all : all.filter((p) => wanted.some((fits) => fits(p)));
    const shown = new Set(packages.map(formatNevra));
    return {
      revision: name,
      checksum,
      version: commit.version,
      packages,
      ...(params.advisories ? { advisories: advisoriesOfCommit(commit).filter((a) => a.packages.some((p) => shown.has(p))) } : {}),
    };
  });
}

/** What follows the first revision, is none, and could be a package's name is a pattern: `db list REV... [PATTERN...]`. */
function sortArguments(source: DbSource, names: readonly string[]): { revisions: Revision[]; patterns: string[] } {
  const revisions: Revision[] = [];
  const patterns: string[] = [];
  for (const name of names) {
    try {
      revisions.push(resolveRevision(source, name));
    } catch (error) {
      if (revisions.length === 0 || /[/:]/.test(name)) throw error;
      patterns.push(name);
    }
  }
  return { revisions, patterns };
}

/** Job db.diff. */
export function dbDiff(source: DbSource, params: DbJobs['db.diff']['params']): DiffOutcome {
  const pair = resolvePair(source, params.from, params.to);
  const load = ({ checksum }: Revision): CommitPort => {
    const commit = source.repo.loadCommit(checksum);
    return params.base ? baseOf(source, commit) : commit;
  };
  const [from, to] = [load(pair[0]), load(pair[1])];
  const changes = diffPackages(packagesOfCommit(source, from), packagesOfCommit(source, to));
  const advisories = params.advisories ? advisoriesBetween(source.repo, from.checksum, to.checksum) : [];
  // a change whose new entries the commits themselves tell needs no database
  const recorded = params.changelogs ? recordedChanges(source.repo, from, to) : new Map<string, PackageChange>();
  const told = (c: PackageChange): readonly ChangelogEntry[] => recorded.get(changeKey(c))?.changelog ?? [];
  const open = params.changelogs ? changes.filter((c) => c.kind === 'upgraded' && told(c).length === 0) : [];
  const names = [...new Set(open.map((c) => c.name))];
  const read = (commit: CommitPort): Map<string, DescribedPackage> =>
    indexPackages(names.length > 0 ? fromRpmdb(source, commit.checksum, true, names) : []);
  const described = describeChanges(changes, read(from), read(to), advisories);
  const packages = described.changes.map((c) => (told(c).length > 0 ? { ...recorded.get(changeKey(c)), ...c, changelog: told(c) } : c));
  return {
    fromName: pair[0].name,
    toName: pair[1].name,
    fromChecksum: from.checksum,
    toChecksum: to.checksum,
    fromVersion: from.version,
    toVersion: to.version,
    packages: packages.map((c) => withoutAdvisories(c, params.advisories)),
    advisories: described.advisories,
  };
}

/** What was recorded names its advisories, too; they are shown only when asked for. */
function withoutAdvisories(change: PackageChange, wanted: boolean): PackageChange {
  if (wanted || change.advisories === undefined) return change;
  const { advisories: _, ...rest } = change;
  return rest;
}

/** A layered commit's parent is the base it was made from. */
export function baseOf(source: DbSource, commit: CommitPort): CommitPort {
  return commit.value('rpmostree.clientlayer', 'b') === true && commit.parent !== '' ? source.repo.loadCommit(commit.parent) : commit;
}

/** Job db.version. `rpmdbChecksum` is the count of packages and a SHA-1 over their sorted NEVRAs: equal for equal package sets. */
export function dbVersion(source: DbSource, params: DbJobs['db.version']['params']): DbJobs['db.version']['result'] {
  return params.revisions.map((revision) => {
    const { name, checksum } = resolveRevision(source, revision);
    const commit = source.repo.loadCommit(checksum);
    const packages = [...packagesOfCommit(source, commit)].sort(comparePackages);
    const hash = createHash('sha1');
    for (const p of packages) hash.update(`${p.name}-${p.epoch}:${p.version}-${p.release}.${p.arch}\n`);
    return { revision: name, checksum, version: commit.version, rpmdbChecksum: `${packages.length}:${hash.digest('hex')}` };
  });
}
