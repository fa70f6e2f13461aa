// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, existsSync, lstatSync, mkdirSync, mkdtempSync, openSync, readSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dbDiff, dbList, dbVersion } from '../engine/base/db/index.ts';
import type { JobHandlers, JobParams, JobResult, RepoParams } from '../engine/jobs/index.ts';
import type { DbSource, RpmdbQuery } from '../engine/base/ports/db.ts';
import type { InstalledPackage } from '../engine/base/ports/rpm.ts';
import { knownFields } from '../files/index.ts';
import { checkoutSubpath } from '../native/ostree/checkout.ts';
import { Repo, Sysroot } from '../native/ostree/index.ts';
import { plainFile } from '../native/ostree/plain-file.ts';
import { packageInfo, readRpmdb } from '../native/rpm/index.ts';

/** Where a tree's RPM database may be: rpm-ostree's place, and the newer common one (which links to the other, or the reverse). */
const rpmdbPlaces = ['usr/share/rpm', 'usr/lib/sysimage/rpm'];

const databaseName = 'rpmdb.sqlite';

/** Open what the parameters name, run, close. */
export function withSource<T>(params: RepoParams, run: (source: DbSource) => T): T {
  if (params.repo) {
    using repo = Repo.open(params.repo);
    return run({ repo, deployments: () => [], ...databasesOf(repo) });
  }
  using sysroot = Sysroot.open(params.sysroot ?? '/');
  const { repo } = sysroot;
  return run({ repo, deployments: () => sysroot.deployments(), ...databasesOf(repo) });
}

const databasesOf = (repo: Repo): Pick<DbSource, 'rpmdb' | 'package'> => ({
  rpmdb: (checksum, query) => rpmdbOfCommit(repo, checksum, query),
  package: (checksum, nevra) => withDatabase(repo, checksum, (place) => packageInfo(place, nevra)),
});

/** In memory where that is offered: a copy lives for a fraction of a second, and writing and removing it on a disk takes longer than reading it. */
const scratchParent = (): string => (existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir());

const scratchPrefix = 'treeline-db-';

function makeScratch(): string {
  const parent = scratchParent();
  removeLeftovers(parent);
  return mkdtempSync(path.join(parent, `${scratchPrefix}${process.pid}-`));
}

/** Of processes that were killed while they read. One of another process namespace only looks dead from here; no reading takes an hour. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${scratchPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const place = path.join(parent, name);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat?.uid === process.getuid?.() && stat && Date.now() - stat.mtimeMs > 3_600_000) rmSync(place, { recursive: true, force: true });
  }
}

/** Read the database of a commit. */
export const rpmdbOfCommit = (repo: Repo, checksum: string, query: RpmdbQuery): readonly InstalledPackage[] | undefined =>
  withDatabase(repo, checksum, (place) => readRpmdb({ ...place, ...query }));

/** The database of a commit: where it lies if that can be, else a copy which is thrown away; undefined when there is none. */
function withDatabase<T>(repo: Repo, checksum: string, read: (place: { root: string; dbPath: string }) => T): T | undefined {
  const scratch = makeScratch();
  try {
    for (const [i, place] of rpmdbPlaces.entries()) {
      const dbPath = `/${i}`;
      const target = path.join(scratch, dbPath);
      mkdirSync(target);
      const plain = plainFile(repo, checksum, `${place}/${databaseName}`);
      if (plain && hasPlainJournal(plain)) symlinkSync(plain, path.join(target, databaseName));
      else checkoutSubpath(repo, checksum, place, target);
      // a place that is a link to the other one gives a link that leads nowhere here
      if (existsSync(path.join(target, databaseName))) return read({ root: scratch, dbPath });
    }
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Sqlite reads a database with a write-ahead log only where it may make files beside it (byte 19 of its header: 2 = such a log). */
function hasPlainJournal(database: string): boolean {
  const fd = openSync(database, 'r');
  try {
    const head = Buffer.alloc(20);
    return readSync(fd, head, 0, 20, 0) === 20 && head[18] === 1 && head[19] === 1;
  } finally {
    closeSync(fd);
  }
}

export const listPackages = (params: JobParams<'db.list'>): JobResult<'db.list'> => withSource(params, (source) => dbList(source, params));

export const dbJobs: Partial<JobHandlers> = {
  'db.list': listPackages,
  'db.diff': (params) => withSource(params, (source) => dbDiff(source, params)),
  'db.package': (params) => withSource(params, (source) => knownFields({ found: source.package(params.checksum, params.nevra) })),
  'db.version': (params) => withSource(params, (source) => dbVersion(source, params)),
};
