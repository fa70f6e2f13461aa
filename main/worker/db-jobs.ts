import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dbDiff, dbList, dbVersion } from '../engine/db/index.ts';
import type { JobHandlers, RepoParams } from '../engine/jobs/index.ts';
import type { DbSource, RpmdbQuery } from '../engine/ports/db.ts';
import type { InstalledPackage } from '../engine/ports/rpm.ts';
import { checkoutSubpath } from '../native/ostree/checkout.ts';
import { Repo, Sysroot } from '../native/ostree/index.ts';
import { readRpmdb } from '../native/rpm/index.ts';

/** Where a tree's RPM database may be: rpm-ostree's place, and the newer common one (which links to the other, or the reverse). */
const rpmdbPlaces = ['usr/share/rpm', 'usr/lib/sysimage/rpm'];

/** Open what the parameters name, run, close. */
function withSource<T>(params: RepoParams, run: (source: DbSource) => T): T {
  if (params.repo) {
    using repo = Repo.open(params.repo);
    return run({ repo, deployments: () => [], rpmdb: (checksum, query) => rpmdbOfCommit(repo, checksum, query) });
  }
  using sysroot = Sysroot.open(params.sysroot ?? '/');
  const { repo } = sysroot;
  return run({ repo, deployments: () => sysroot.deployments(), rpmdb: (checksum, query) => rpmdbOfCommit(repo, checksum, query) });
}

/** Copy only the database out of the commit, read it, throw the copy away. */
function rpmdbOfCommit(repo: Repo, checksum: string, query: RpmdbQuery): readonly InstalledPackage[] | undefined {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-db-'));
  try {
    for (const [i, place] of rpmdbPlaces.entries()) {
      const dbPath = `/${i}`;
      const target = path.join(scratch, dbPath);
      mkdirSync(target);
      // a place that is a link to the other one gives a link that leads nowhere here
      if (checkoutSubpath(repo, checksum, place, target) && existsSync(path.join(target, 'rpmdb.sqlite')))
        return readRpmdb({ root: scratch, dbPath, ...query });
    }
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export const dbJobs: Partial<JobHandlers> = {
  'db.list': (params) => withSource(params, (source) => dbList(source, params)),
  'db.diff': (params) => withSource(params, (source) => dbDiff(source, params)),
  'db.version': (params) => withSource(params, (source) => dbVersion(source, params)),
};
